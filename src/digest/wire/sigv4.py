"""
Signature Version 4, by which AWS knows who asks, with the standard library alone.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, read on 2026-11-23; the
tests hold it to what botocore's own signer makes.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import UTC
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Signs requests to one service of AWS in one region."""

    service: str
    region: str
    key_id: str = field(repr=False)
    secret: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    """What temporary credentials have besides; blank for others."""

    def sign(
        self,
        method: str,
        url: str,
        at: datetime,
        *,
        headers: Mapping[str, str] | None = None,
        body: Iterable[bytes] = (),
    ) -> dict[str, str]:
        """
        Return `headers` with the signature added; the same whenever it is asked for again.

        Args:
            method: of the request.
            url: with its query, if it has one, in the order and the spelling of `query_of`.
            at: when it is sent; AWS takes no request that is more than five minutes away from its own clock.
            headers: further header fields, all of which are signed.
            body: in blocks.
        """
        target = httpx.URL(url)
        moment = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        token = {"X-Amz-Security-Token": self.session_token} if self.session_token else {}
        sent = {**(headers or {}), "X-Amz-Date": moment, **token}
        signed = {name.lower(): value for name, value in {**sent, "Host": target.netloc.decode()}.items()}
        names = ";".join(sorted(signed))
        lines = [f"{name}:{signed[name]}" for name in sorted(signed)]
        path, _, query = target.raw_path.decode().partition("?")
        asked = "\n".join([method, quote(path, safe="/~") or "/", query, *lines, "", names, _hash(body)])
        scope = f"{moment[:8]}/{self.region}/{self.service}/aws4_request"
        to_sign = "\n".join([_ALGORITHM, moment, scope, _hash([asked.encode()])])
        signature = hmac.new(self._key(moment[:8]), to_sign.encode(), sha256).hexdigest()
        proof = f"{_ALGORITHM} Credential={self.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
        return {**sent, "Authorization": proof}

    def _key(self, day: str) -> bytes:
        """Return the key of a day, a region and a service, which is made of the secret step by step."""
        key = f"AWS4{self.secret}".encode()
        for part in (day, self.region, self.service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return key


def query_of(values: Mapping[str, str]) -> str:
    """Return a query as it is signed: by name, and all but letters, digits and ``-._~`` escaped."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(values.items()))


def _hash(blocks: Iterable[bytes]) -> str:
    digest = sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()
