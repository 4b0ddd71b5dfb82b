"""Parts of pages, where one page is more than a file should hold, or two pages show the same."""
