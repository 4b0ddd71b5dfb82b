"""What a person sees of a message without Slack: as text, and as a page."""

from __future__ import annotations

from slack_sdk.models.blocks import ContextBlock, DividerBlock, SectionBlock

from connectors.slack.message import Message
from connectors.slack.messages import render
from connectors.slack.mrkdwn import called, instant, markdown
from connectors.slack.preview import preview
from connectors.slack.preview_html import page_html, preview_html
from tests.connectors.slack.sample_alerts import BOT, NOW, alert, by_id, notice, several


def test_markup_is_read_as_slack_shows_it() -> None:
    mentions = called("<!here> <@U0123ABCD> nonsense")
    mentions = called("<!here> <@U0123ABCD> nonsense")
    text = f"*Owner*  `a*b` &lt;b&gt; {mentions} {instant(NOW)} <https://x.example|Open>"
    blocks = (
        SectionBlock(text=markdown(text)).to_dict(),
        DividerBlock().to_dict(),
        ContextBlock(elements=[markdown("~over~ *yes*")]).to_dict(),
    )
    assert preview(blocks) == (
        "Owner  a*b <b> @here @U0123ABCD 27 November 2026, 09:12 UTC Open: https://x.example\n\n" + "─" * 88 + "\n\n"
        "  ~over~ yes"
    )
    shown = preview_html(Message("text", blocks))
    assert (
        "<p><strong>Owner</strong>  <code>a*b</code> &lt;b&gt; "
        '<span class="call">@here</span> <span class="call">@U0123ABCD</span> 27 November 2026, 09:12 UTC '
        '<a href="https://x.example" rel="noreferrer noopener" target="_blank">Open</a></p>'
    ) in shown
    assert "<p><s>over</s> <strong>yes</strong></p>" in shown


def test_a_page_shows_messages_with_their_charts_and_asks_nothing_of_the_network() -> None:
    about = [alert()]
    message = render(notice("first", about, "opened", mention="<@U0123ABCD>"), by_id(about), BOT)
    storm = several(3)
    group = render(notice("group", storm, "opened"), by_id(storm), BOT)
    page = page_html([message, group])
    assert page.count('<div class="slack">') == 2
    assert 'at most 3,000.00 USD" src="data:image/png;base64,' in page
    assert '<span class="primary">Acknowledge</span><span>Snooze ▾</span>' in page
    for outside in ("<script", "<link", "url(", "@import", 'src="http'):
        assert outside not in page


def test_a_link_that_slack_would_not_open_is_none() -> None:
    part = {"type": "link", "url": "javascript:alert(1)", "text": "Open"}
    block = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [part]}]}
    assert "<a" not in preview_html(Message("text", (block,)))
