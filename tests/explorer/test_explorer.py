"""The explorer as its user meets it: in a browser, over a real server."""

import json
import urllib.request
from urllib.parse import urlsplit

from tests.explorer.conftest import Visit, Visitor

ARTICLE = '{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}'

OPEN_EVERYTHING = """
document.querySelectorAll(".opblock:not(.is-open) .opblock-summary-control")
  .forEach((summary) => summary.click());
"""

ALL_IS_OPEN = """
document.querySelectorAll(".responses-table:not(.live-responses-table)").length
  === document.querySelectorAll(".opblock").length
"""

BREAK_THE_POLICY = """
window.violations = 0;
document.addEventListener("securitypolicyviolation", () => { window.violations += 1; });
document.body.append(Object.assign(document.createElement("script"), { text: "1" }));
document.body.setAttribute("style", "color: red");
document.body.append(Object.assign(new Image(), { src: "http://elsewhere.invalid/x.png" }));
"""

# The right edge of what reaches farthest, cut off or not; code scrolls in a box of its own.
RIGHTMOST = """
Math.max(
  document.documentElement.scrollWidth,
  ...[...document.querySelectorAll("body *:not(pre *)")]
    .map((element) => element.getBoundingClientRect().right),
)
"""


def operations_of(address: str) -> int:
    """How many operations the server's document has."""
    document = json.load(urllib.request.urlopen(f"{address}/openapi.json"))
    return sum(len(operations) for operations in document["paths"].values())


def test_every_operation_is_shown(visit: Visitor, address: str) -> None:
    """The page shows what the document has, no less."""
    visited = visit(address)
    assert visited.operations.count() == operations_of(address) > 0


def test_article_example_in_the_browser(visit: Visitor, address: str) -> None:
    """The article's request, sent with "Try it out", gets the article's reply."""
    assert visit(address).execute("/", ARTICLE) == '200 {"prediction":[1]}'


def test_nothing_is_blocked_and_nothing_leaves(visit: Visitor, address: str) -> None:
    """With a request sent and everything open: no error, no violation, no other host."""
    visited = visit(address)
    visited.execute("/v1/predict", '{"instances": [[5.1, 3.5, 1.4, 0.2]]}')
    open_everything(visited)
    assert visited.complaints == []
    assert visited.hosts == {urlsplit(address).netloc}


def test_violations_would_be_seen(visit: Visitor, address: str) -> None:
    """The policy is in force, and a page that breaks it is found out."""
    visited = visit(address)
    visited.page.evaluate(BREAK_THE_POLICY)
    visited.page.wait_for_function("window.violations === 3")
    seen = "".join(visited.complaints)
    for kind in ("script-src-elem blocked inline", "style-src-attr blocked inline", "img-src"):
        assert f"policy: {kind}" in seen


def test_telephone(visit: Visitor, address: str) -> None:
    """At 390 pixels everything is within the window, and a request can be sent."""
    visited = visit(address, width=390)
    assert visited.execute("/", ARTICLE) == '200 {"prediction":[1]}'
    open_everything(visited)
    assert visited.page.evaluate(RIGHTMOST) <= 390


def test_mounted(visit: Visitor, mounted_address: str) -> None:
    """Below a mount point the page, its files, the document and the requests are found."""
    visited = visit(mounted_address)
    assert visited.execute("/", ARTICLE) == '200 {"prediction":[1]}'
    assert visited.complaints == []
    assert {url.startswith(f"{mounted_address}/") for url in visited.requests} == {True}


def test_reload(visit: Visitor, address: str) -> None:
    """A browser that has the files asks whether they are still the same."""
    visited = visit(address)
    with visited.page.expect_response("**/swagger-ui-bundle.js") as bundle:
        visited.page.reload()
    visited.operations.first.wait_for()
    assert (bundle.value.status, visited.complaints) == (304, [])


def open_everything(visited: Visit) -> None:
    visited.page.evaluate(OPEN_EVERYTHING)
    visited.page.wait_for_function(ALL_IS_OPEN)
