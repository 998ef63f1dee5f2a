"""
The public side: pages on which readers join, choose and leave; calls that tell what became of mail.

`app` is what any ASGI server runs, in the newsletter's folder: ``uvicorn --no-access-log --no-proxy-headers
digest.web:app``.
"""

from digest.web.serving import app

__all__ = ["app"]
