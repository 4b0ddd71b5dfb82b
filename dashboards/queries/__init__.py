"""All SQL of the dashboard: `reading` asks one published version and remembers the answer, the rest are the questions.

Bound values are parameters; the few names put into SQL come from closed sets. Wording and drawing are not here.
"""
