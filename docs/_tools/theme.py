"""mkdocs hook: what the theme leaves to be desired."""

OUTPUT = '<span class="filename">Output</span>'
SEARCH = '<div class="md-search" data-md-component="search" role="dialog">'


def on_page_content(content: str, **_: object) -> str:
    """Give the titles of outputs a class, so that docs/assets/extra.css can set them apart."""
    return content.replace(OUTPUT, OUTPUT.replace("filename", "filename output"))


def on_post_page(output: str, **_: object) -> str:
    """Give the search a name, for those who hear the page."""
    return output.replace(SEARCH, SEARCH.replace(">", ' aria-label="Search">'))
