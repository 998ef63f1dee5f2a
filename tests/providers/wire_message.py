"""One message to two readers, and one header field that differs, for whoever is to send it."""

SENDER_NAME, SENDER = "Past the Plateau", "editor@example.org"
REPLY_NAME, REPLY = "Answers", "answers@example.org"
READERS = (("Ada Lovelace", "ada@example.org", "token-1"), ("Zoë (B.) Brandt", "zoe@example.org", "token-2"))
SUBJECT = 'First snow – "really"'
HTML = '<p>Snow &amp; ice, 李 😀</p>\n<a href="https://example.org/?a=1&amp;b=%C3%BC">more</a>\n'
TEXT = "Snow & ice, 李 😀\nhttps://example.org/\n"
PROJECT = "8a512135-9f5f-42b3-a900-9fdf0195b563"
TAG = "2026-11-24-first-snow"
LIST_ID = "Past the Plateau <editor.example.org>"
ONE_CLICK = "List-Unsubscribe=One-Click"


def unsubscribe(token: str) -> str:
    """Return the value of a reader's List-Unsubscribe."""
    return f"<https://example.org/u/{token}>"


def headers(token: str) -> dict[str, str]:
    """Return the further header fields of a reader's message."""
    return {"List-Id": LIST_ID, "List-Unsubscribe": unsubscribe(token), "List-Unsubscribe-Post": ONE_CLICK}
