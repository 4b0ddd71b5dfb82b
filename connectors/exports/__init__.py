"""Files that vendors export: where they lie, what they really are, what a manifest lists, and their amounts exactly.

Shared by every connector that reads exports (`focus_files` and the clouds). What a row means belongs to each of them.
"""
