"""What Meta sends of a page: changes of its feed, mentions and messages, in the form of recorded ones."""

from __future__ import annotations

import hmac
import json
import time

from tests.simulators.graph import APP_SECRET
from tests.simulators.graph_objects import Account, Item, Object, Post

Delivered = tuple[dict[str, str], bytes]
"""Headers and body."""


def of_comment(account: Account, item: Item, verb: str) -> Delivered:
    """`verb`: add, edited or remove; of what was removed the words are not told."""
    value: Object = {
        "item": "comment",
        "verb": verb,
        "comment_id": item.id,
        "post_id": item.post,
        "parent_id": item.parent or item.post,
        "from": {"id": item.author[0], "name": item.author[1]},
    }
    if verb != "remove":
        value |= {"created_time": int(item.at.timestamp()), "message": item.text}
    return _change(account, "feed", value)


def of_mention(account: Account, post: Post) -> Delivered:
    """A post on somebody else's page that names this one: its writer is not told."""
    sent = {"message": post.text, "post_id": post.id, "created_time": int(post.at.timestamp())}
    return _change(account, "mention", {**sent, "item": "post", "verb": "add"})


def of_message(account: Account, message: Item) -> Delivered:
    told = {
        "sender": {"id": message.author[0]},
        "recipient": {"id": account.id},
        "timestamp": round(message.at.timestamp() * 1000),
        "message": {"mid": message.id, "text": message.text},
    }
    return _signed({"id": account.id, "time": round(time.time() * 1000), "messaging": [told]})


def _change(account: Account, field: str, value: Object) -> Delivered:
    return _signed(
        {"id": account.id, "time": int(time.time()), "changes": [{"field": field, "value": value}]}
    )


def _signed(entry: Object) -> Delivered:
    body = json.dumps({"object": "page", "entry": [entry]}).encode()
    signature = hmac.new(APP_SECRET.encode(), body, "sha256").hexdigest()
    return {"x-hub-signature-256": f"sha256={signature}"}, body
