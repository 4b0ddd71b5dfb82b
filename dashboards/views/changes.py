"""Changes: budgets and owners that people upload, what each would change, what waits, and what anybody did."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

import polars as pl
import streamlit as st

from dashboards import access, acting, filters, formats, provenance
from dashboards.parts import upload_previews
from dashboards.published import Published, current, home
from dashboards.states import guarded, remedy
from models.control.access import Deed, Person
from models.control.uploads import KeptUpload, Upload, UploadKind, in_force
from models.errors import OutlayError
from models.wording import counted, instant_text
from pipelines.uploads import MOST_BYTES, InForce, Proposal, UploadError, propose, standing, text_of

_KINDS: dict[UploadKind, tuple[str, Deed]] = {
    "budgets": ("Budgets", "upload budgets"),
    "owners": ("Owners", "upload owners"),
}
_MEANT: dict[UploadKind, str] = {
    "budgets": (
        "A row a budget, or a row a budget and month. Budgets of the same name are replaced, new ones added; "
        "`yes` in the column `remove` takes one away. A column that you leave out leaves that setting as it is."
    ),
    "owners": (
        "A row a rule, in order: the first that fits wins. They come before the rules of outlay.yaml, and take the "
        "place of the list that was uploaded last; a list without rows takes it away."
    ),
}
_AGAIN = "changes again"
_ROUND = "changes round"
_ACTIONS_SHOWN = 200


@dataclass(frozen=True)
class _Source:
    """What is looked at: a file that was just uploaded, or an earlier upload that is to be put back."""

    name: str
    text: str


@guarded
def show() -> None:
    published = current()
    person = access.person()
    st.title("What do people change?", anchor=False)
    if not published.is_whole:
        st.info("Budgets and owners of all teams are changed here: it is for people who see all costs.")
        return
    kept = acting.uploads()
    st.markdown(f"**{_answer(kept, published)}**")
    for each in kept:
        if each.state == "pending":
            st.info(_waits(each), icon=":material/hourglass_top:")
    kinds: dict[UploadKind, str] = {kind: label for kind, (label, deed) in _KINDS.items() if person.may(deed)}
    if kinds:
        _change(published, person, kept, kinds)
    else:
        st.caption("You may look at changes, not ask for any: `dashboard.people` of outlay.yaml says who may.")
    _uploads(published, kept, kinds)
    if person.may("see the log"):
        _log()


def _answer(kept: list[KeptUpload], published: Published) -> str:
    waiting = sum(each.state == "pending" or _is_yet_to_show(each, kept, published) for each in kept)
    lying = [each for each in in_force(kept) if _is_in(each, published)]
    over = (
        f"{counted(len(lying), 'upload lies', 'uploads lie')} over outlay.yaml" if lying else "outlay.yaml alone holds"
    )
    if not waiting:
        return f"Nothing waits: {over}."
    verb = "waits" if waiting == 1 else "wait"
    return f"{counted(waiting, 'upload')} {verb} for the next publication; {over}."


def _is_in(kept: KeptUpload, published: Published) -> bool:
    return published.file.name in kept.publications


def _is_yet_to_show(each: KeptUpload, kept: list[KeptUpload], published: Published) -> bool:
    """Whether it is applied, and no publication that is shown here has it."""
    return each in in_force(kept) and not _is_in(each, published)


def _waits(kept: KeptUpload) -> str:
    upload = kept.upload
    asked = f"Upload {kept.number}: {formats.plain(upload.who)} asked for {upload.kind} on {instant_text(upload.at)}."
    note = f" “{formats.plain(upload.note)}”" if upload.note else ""
    return f"{asked}{note} Pending: the next publication applies it, or says why it cannot."


def _change(published: Published, person: Person, kept: list[KeptUpload], kinds: dict[UploadKind, str]) -> None:
    """Download what holds, upload a table, see what it would change, ask for it."""
    st.subheader("Change budgets or owners", anchor=False)
    again: tuple[UploadKind, _Source] | None = st.session_state.get(_AGAIN)
    if again is not None:
        st.session_state["changes change"] = again[0]
    kind = _kind(kinds)
    try:
        now = standing(home(), kept)
    except OutlayError as error:
        st.error(f"{formats.plain(error.what)}\n\n**What to do:** {remedy(error)}", icon=":material/error:")
        return
    st.caption(_MEANT[kind])
    _downloads(kind, now)
    source = again[1] if again is not None and again[0] == kind else _uploaded(kind)
    if source is None:
        return
    with st.container(border=True):
        try:
            proposal = propose(now, kind, source.text, source.name)
        except UploadError as error:
            _mistakes(source, error)
        else:
            st.markdown(f"What **{formats.plain(source.name)}** would change")
            upload_previews.show(published, proposal)
            _ask(person, proposal, source)
        if again is not None and st.button("Put nothing back", key="changes leave"):
            _forget()


def _kind(kinds: dict[UploadKind, str]) -> UploadKind:
    labels: dict[str, str] = {**kinds}
    chosen = filters.choose_named("changes", "change", "What", labels)
    return "owners" if chosen == "owners" else "budgets"


def _downloads(kind: UploadKind, now: InForce) -> None:
    with st.container(horizontal=True):
        st.download_button(
            f"{_KINDS[kind][0]} in force, CSV",
            now.table(kind),
            file_name=f"{kind}.csv",
            mime="text/csv",
            icon=":material/download:",
            key=f"changes download {kind}",
            on_click="ignore",
        )
        if kind == "owners" and now.owners:
            st.download_button(
                "Uploaded rules alone, CSV",
                now.uploaded_owners(),
                file_name="uploaded-owners.csv",
                mime="text/csv",
                icon=":material/download:",
                key="changes download uploaded",
                on_click="ignore",
            )


def _uploaded(kind: UploadKind) -> _Source | None:
    """The file of the moment; another key after each request, so that none is looked at twice."""
    key = f"changes upload {kind} {st.session_state.get(_ROUND, 0)}"
    file = st.file_uploader(
        "Edit it in a spreadsheet, save it as CSV, and upload it here", type=["csv", "tsv"], key=key
    )
    if file is None:
        return None
    try:
        return _Source(file.name, text_of(file.getvalue() if file.size <= MOST_BYTES else b"\0", file.name))
    except UploadError as error:
        _mistakes(_Source(file.name, ""), error)
        return None


def _mistakes(source: _Source, error: UploadError) -> None:
    count = len(error.mistakes)
    what = f"Nothing of {formats.plain(source.name)} was taken: {counted(count, 'mistake')}."
    st.error(f"{what} Mend the file and upload it again.", icon=":material/error:")
    formats.table(
        pl.DataFrame(
            {
                "row": [mistake.row or None for mistake in error.mistakes],
                "column": [mistake.column for mistake in error.mistakes],
                "what": [mistake.what for mistake in error.mistakes],
            },
            schema={"row": pl.Int64, "column": pl.String, "what": pl.String},
        ),
        {
            "row": st.column_config.NumberColumn("Row", format="%d", width="small"),
            "column": formats.text_column("Column", width="small"),
            "what": formats.text_column("What is wrong", width="large"),
        },
        rows=12,
        alt="Mistakes of the uploaded table: row, column, and what is wrong",
    )


def _ask(person: Person, proposal: Proposal, source: _Source) -> None:
    """The button asks for what was previewed, and no other: another content, or other settings under it, make another
    button."""
    shown = f"{proposal.kind} {proposal.digest[:16]} {proposal.base[:16]}"
    request = st.session_state.setdefault(f"changes request {shown}", f"page {uuid4()}")
    with st.form(f"changes ask {shown}", border=False):
        note = st.text_input("Note", max_chars=300, placeholder="Why; others will read it")
        sent = st.form_submit_button(f"Ask for this as {formats.plain(person.signature)}", type="primary")
    if not sent:
        return
    acting.ask_for(
        Upload(
            request_id=request,
            kind=proposal.kind,
            who=person.signature,
            at=provenance.now(),
            file_name=source.name,
            content=proposal.content,
            base=proposal.base,
            note=(note or "").strip() or None,
        )
    )
    del st.session_state[f"changes request {shown}"]
    _forget()


def _forget() -> None:
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    st.session_state.pop(_AGAIN, None)
    st.rerun()


def _uploads(published: Published, kept: list[KeptUpload], kinds: dict[UploadKind, str]) -> None:
    """Every upload with what became of it, newest first; one of them to read, or to put back."""
    st.subheader("Uploads", anchor=False)
    if not kept:
        st.caption("Nobody has uploaded budgets or owners yet.")
        return
    newest = kept[::-1]
    chosen = formats.chosen_row(
        _upload_frame(newest, kept, published),
        {
            "number": st.column_config.NumberColumn("No.", format="%d", width="small"),
            "what": formats.text_column("What", width="small"),
            "state": formats.text_column("State", width="large"),
            "who": formats.text_column("Who", width="medium"),
            "at": formats.instant_column("When"),
            "since": formats.text_column("First in publication", width="medium"),
            "note": formats.text_column("Note", width="medium"),
            "file": formats.text_column("File", width="small"),
        },
        key=f"changes uploads {len(kept)}",
        alt="Uploads: what, what became of it, who, when, and the first publication that has it",
    )
    if chosen is not None:
        _one(newest[chosen], kinds)


def _upload_frame(newest: list[KeptUpload], kept: list[KeptUpload], published: Published) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "number": [each.number for each in newest],
            "what": [each.upload.kind for each in newest],
            "state": [_state(each, kept, published) for each in newest],
            "who": [each.upload.who for each in newest],
            "at": [each.upload.at for each in newest],
            "since": [each.publications[0].removesuffix(".duckdb") if each.publications else "" for each in newest],
            "note": [each.upload.note or "" for each in newest],
            "file": [each.upload.file_name for each in newest],
        },
        schema_overrides={"at": pl.Datetime("us", "UTC")},
    )


def _state(each: KeptUpload, kept: list[KeptUpload], published: Published) -> str:
    """What became of it, as seen from the version that is shown."""
    if each.state == "pending":
        return "pending: the next publication applies it"
    if each.state == "refused":
        return f"refused: {each.why}"
    if each.state == "withdrawn":
        still = "; this publication still has it" if _is_in(each, published) else ""
        return f"withdrawn by {each.events[-1].who or 'Outlay'}: {each.why}{still}"
    if each not in in_force(kept):
        return "replaced by a later list"
    return "in force" if _is_in(each, published) else "applied: the next publication shows it"


def _one(kept: KeptUpload, kinds: dict[UploadKind, str]) -> None:
    upload = kept.upload
    with st.container(border=True):
        st.markdown(f"**Upload {kept.number}**, {upload.kind}, SHA-256 `{upload.digest[:16]}…`")
        for event in kept.events:
            who = f" by {formats.plain(event.who)}" if event.who else ""
            why = f": {formats.plain(event.reason)}" if event.reason else ""
            st.markdown(f"- {event.what}{who} on {instant_text(event.at)}{why}")
        with st.container(horizontal=True):
            st.download_button(
                "Its table, CSV",
                upload.content,
                file_name=f"{upload.kind}-{kept.number}.csv",
                mime="text/csv",
                icon=":material/download:",
                key=f"changes table {kept.number}",
                on_click="ignore",
            )
            if upload.kind in kinds and st.button("Put it back…", key=f"changes back {kept.number}"):
                st.session_state[_AGAIN] = (upload.kind, _Source(f"upload {kept.number}", upload.content))
                st.rerun()


def _log() -> None:
    with st.expander("Everything that people did", icon=":material/history:"):
        actions = acting.log(_ACTIONS_SHOWN)
        formats.table(
            pl.DataFrame(
                {
                    "at": [action.at for action in actions],
                    "who": [action.who for action in actions],
                    "what": [action.what for action in actions],
                    "subject": [action.subject for action in actions],
                    "detail": [action.detail for action in actions],
                },
                schema={
                    "at": pl.Datetime("us", "UTC"),
                    **dict.fromkeys(("who", "what", "subject", "detail"), pl.String),
                },
            ),
            {
                "at": formats.instant_column("When"),
                "who": formats.text_column("Who", width="medium"),
                "what": formats.text_column("What", width="medium"),
                "subject": formats.text_column("Of what", width="medium"),
                "detail": formats.text_column("Detail", width="large"),
            },
            alt="Actions: when, who, what, of what",
        )
