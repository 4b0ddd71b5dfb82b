"""The methods of Slack's Web API that Outlay uses, and what they answer: docs.slack.dev/reference/methods."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from connectors.simulator.slack.blocks import TOTAL_LIMIT, problems
from connectors.simulator.slack.workspace import (
    APP_TOKEN,
    BOT,
    BOT_TOKEN,
    BOT_USER,
    TEAM,
    Channel,
    File,
    RefusalError,
    Saved,
    Workspace,
)

Arguments = Mapping[str, Any]
Answer = dict[str, Any]
_TEXT_LIMIT = 40_000
_UPDATE_TEXT_LIMIT = 4_000


def call(workspace: Workspace, method: str, token: str, arguments: Arguments, base_url: str) -> Answer:
    """What the method answers; raises `RefusalError`."""
    if method not in METHODS:
        raise RefusalError("unknown_method", req_method=method)
    wanted = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
    if not token:
        raise RefusalError("not_authed")
    if token != wanted:
        raise RefusalError("not_allowed_token_type" if token in (APP_TOKEN, BOT_TOKEN) else "invalid_auth")
    return {"ok": True, **METHODS[method](workspace, {**arguments, "base_url": base_url})}


def post_by_webhook(workspace: Workspace, path: str, body: Any) -> tuple[int, str]:
    """Status and word, as incoming webhooks answer."""
    channel = workspace.webhooks.get(path)
    if channel is None:
        return 404, "no_service"
    if channel.is_archived:
        return 410, "channel_is_archived"
    if not isinstance(body, dict):
        return 400, "invalid_payload"
    blocks = body.get("blocks") or []
    if not body.get("text") and not blocks:
        return 400, "no_text"
    if problems(blocks, workspace.has_file):
        return 400, "invalid_blocks"
    workspace.save(channel, path, str(body.get("text", "")), blocks)
    return 200, "ok"


def _auth_test(workspace: Workspace, arguments: Arguments) -> Answer:  # noqa: ARG001 - the table's signature
    who = {"team": "Loopback", "user": "outlay", "team_id": TEAM, "user_id": BOT_USER, "bot_id": BOT}
    return {"url": "https://loopback.slack.com/", **who}


def _connections_open(workspace: Workspace, arguments: Arguments) -> Answer:  # noqa: ARG001
    if not workspace.socket_url:
        raise RefusalError("internal_error")
    return {"url": workspace.socket_url}


def _post_message(workspace: Workspace, arguments: Arguments) -> Answer:
    workspace.needs("chat:write")
    channel = workspace.channel(str(arguments.get("channel", "")))
    _may_post(workspace, channel)
    workspace.may_post_now(channel)
    text, blocks = _content(workspace, arguments, _TEXT_LIMIT)
    thread_ts = arguments.get("thread_ts")
    if thread_ts is not None and channel.at(thread_ts) is None:
        raise RefusalError("thread_not_found")
    saved = workspace.save(
        channel,
        BOT,
        text,
        blocks,
        metadata=_metadata(arguments),
        thread_ts=thread_ts,
        is_broadcast=bool(arguments.get("reply_broadcast")),
    )
    return {"channel": channel.id, "ts": saved.ts, "message": _told(saved, with_metadata=True)}


def _update(workspace: Workspace, arguments: Arguments) -> Answer:
    workspace.needs("chat:write")
    channel = workspace.channel(str(arguments.get("channel", "")))
    if channel.is_archived:
        raise RefusalError("is_inactive")
    saved = channel.at(str(arguments.get("ts")))
    if saved is None:
        raise RefusalError("message_not_found")
    if saved.by != BOT:
        raise RefusalError("cant_update_message")
    age = workspace.clock().timestamp() - float(saved.ts)
    if workspace.edit_window is not None and timedelta(seconds=age) > workspace.edit_window:
        raise RefusalError("edit_window_closed")
    if len(str(arguments.get("text", ""))) > _UPDATE_TEXT_LIMIT:
        raise RefusalError("msg_too_long")
    saved.text, saved.blocks = _content(workspace, arguments, _UPDATE_TEXT_LIMIT)
    saved.metadata = _metadata(arguments) or saved.metadata
    saved.edits += 1
    return {"channel": channel.id, "ts": saved.ts, "text": saved.text}


def _history(workspace: Workspace, arguments: Arguments) -> Answer:
    channel = _readable(workspace, arguments)
    shown = [message for message in channel.messages if message.thread_ts is None or message.is_broadcast]
    return _page(workspace, list(reversed(shown)), arguments, "messages")


def _replies(workspace: Workspace, arguments: Arguments) -> Answer:
    channel = _readable(workspace, arguments)
    root = channel.at(str(arguments.get("ts")))
    if root is None:
        raise RefusalError("thread_not_found")
    return _page(workspace, [root, *channel.thread(root.ts)], arguments, "messages")


def _readable(workspace: Workspace, arguments: Arguments) -> Channel:
    """Histories take ids only, and a bot reads only where it is a member."""
    channel = workspace.channels.get(str(arguments.get("channel")))
    if channel is None:
        raise RefusalError("channel_not_found")
    workspace.needs("groups:history" if channel.is_private else "channels:history")
    if not channel.is_member:
        raise RefusalError("channel_not_found" if channel.is_private else "not_in_channel")
    return channel


def _list(workspace: Workspace, arguments: Arguments) -> Answer:
    types = str(arguments.get("types", "public_channel")).split(",")
    scopes = {"public_channel": "channels:read", "private_channel": "groups:read"}
    workspace.needs(*(scopes[kind] for kind in types if kind in scopes))
    shown = [
        channel
        for channel in workspace.channels.values()
        if ("private_channel" if channel.is_private else "public_channel") in types
        and (channel.is_member or not channel.is_private)
        and not (channel.is_archived and _is_true(arguments.get("exclude_archived")))
    ]
    start, stop, after = _window(len(shown), arguments, 100)
    return {"channels": [_described(channel) for channel in shown[start:stop]], **after}


def _info(workspace: Workspace, arguments: Arguments) -> Answer:
    channel = workspace.channels.get(str(arguments.get("channel")))
    if channel is None or (channel.is_private and not channel.is_member):
        raise RefusalError("channel_not_found")
    workspace.needs("groups:read" if channel.is_private else "channels:read")
    return {"channel": _described(channel)}


def _upload_url(workspace: Workspace, arguments: Arguments) -> Answer:
    workspace.needs("files:write")
    if not arguments.get("filename") or not int(arguments.get("length") or 0):
        raise RefusalError("missing_argument")
    file_id = f"F{len(workspace.files) + 1:08d}"
    workspace.files[file_id] = File(str(arguments["filename"]), int(arguments["length"]))
    return {"file_id": file_id, "upload_url": f"{arguments['base_url']}/upload/v1/{file_id}"}


def _complete_upload(workspace: Workspace, arguments: Arguments) -> Answer:
    workspace.needs("files:write")
    completed = json.loads(arguments.get("files") or "[]")
    for each in completed:
        file = workspace.files.get(each["id"])
        if file is None or file.content is None:
            raise RefusalError("file_not_found")
        file.ready_from = workspace.clock() + workspace.processes_for
    return {"files": [{"id": each["id"], "title": each.get("title", "")} for each in completed]}


METHODS: Mapping[str, Callable[[Workspace, Arguments], Answer]] = {
    "auth.test": _auth_test,
    "apps.connections.open": _connections_open,
    "chat.postMessage": _post_message,
    "chat.update": _update,
    "conversations.history": _history,
    "conversations.replies": _replies,
    "conversations.list": _list,
    "conversations.info": _info,
    "files.getUploadURLExternal": _upload_url,
    "files.completeUploadExternal": _complete_upload,
}


def _may_post(workspace: Workspace, channel: Channel) -> None:
    if channel.is_private and not channel.is_member:
        raise RefusalError("channel_not_found")
    if channel.is_archived:
        raise RefusalError("is_archived")
    if not channel.is_member and "chat:write.public" not in workspace.scopes:
        raise RefusalError("not_in_channel")


def _content(workspace: Workspace, arguments: Arguments, most: int) -> tuple[str, list[dict[str, Any]]]:
    text, blocks = str(arguments.get("text") or ""), arguments.get("blocks") or []
    if isinstance(blocks, str):
        blocks = json.loads(blocks)
    if not isinstance(blocks, list):
        raise RefusalError("invalid_blocks_format")
    if not text and not blocks:
        raise RefusalError("no_text")
    if len(json.dumps(blocks, ensure_ascii=False)) > TOTAL_LIMIT:
        raise RefusalError("msg_blocks_too_long")
    if found := problems(blocks, workspace.has_file):
        raise RefusalError(
            "invalid_blocks", errors=found, response_metadata={"messages": [f"[ERROR] {words}" for words in found]}
        )
    return text[:most], blocks


def _metadata(arguments: Arguments) -> dict[str, Any] | None:
    metadata = arguments.get("metadata")
    if metadata is None:
        return None
    known = isinstance(metadata, dict) and isinstance(metadata.get("event_type"), str)
    if not known or not isinstance(metadata.get("event_payload"), dict):
        raise RefusalError("invalid_metadata_format")
    return metadata


def _page(workspace: Workspace, messages: list[Saved], arguments: Arguments, name: str) -> Answer:
    oldest, latest = Decimal(arguments.get("oldest") or "0"), Decimal(arguments.get("latest") or "Infinity")
    now = workspace.clock()
    shown = [each for each in messages if oldest < Decimal(each.ts) < latest and each.shown_from <= now]
    start, stop, after = _window(len(shown), arguments, 100)
    with_metadata = _is_true(arguments.get("include_all_metadata"))
    told = [_told(each, with_metadata=with_metadata) for each in shown[start:stop]]
    return {name: told, "has_more": stop < len(shown), **after}


def _window(count: int, arguments: Arguments, default: int) -> tuple[int, int, Answer]:
    cursor = str(arguments.get("cursor") or "from:0")
    if not cursor.removeprefix("from:").isdecimal():
        raise RefusalError("invalid_cursor")
    start = int(cursor.removeprefix("from:"))
    stop = start + min(int(arguments.get("limit") or default), 999)
    return start, stop, {"response_metadata": {"next_cursor": f"from:{stop}" if stop < count else ""}}


def _told(saved: Saved, *, with_metadata: bool) -> Answer:
    told: Answer = {"type": "message", "ts": saved.ts, "bot_id": saved.by, "text": saved.text, "blocks": saved.blocks}
    if saved.thread_ts is not None:
        told["thread_ts"] = saved.thread_ts
    if with_metadata and saved.metadata is not None:
        told["metadata"] = saved.metadata
    return told


def _described(channel: Channel) -> Answer:
    facts = ("id", "name", "is_private", "is_archived", "is_member")
    return {fact: getattr(channel, fact) for fact in facts}


def _is_true(value: Any) -> bool:
    return value in (True, 1, "1", "true", "True")
