"""By which names services publish the DKIM keys of a sender's domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.domains.dkim import modulus_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """How a service signs."""

    selectors: tuple[str, ...] = ()
    """The names that it usually gives; an account may have others."""
    selector_option: str = ""
    """The option of ``[provider]`` that is the name."""
    domain_option: str = ""
    """The option of ``[provider]`` that is the domain in the signature; it is the sender's where that is not set."""
    key_variable: str = ""
    """The variable of the environment that holds the private key; services keep their own."""
    key_selector: str = ""
    """The name of that key, where no option says it."""
    envelope_option: str = ""
    """The option of ``[provider]`` that is the address in the envelope; services have one of their own."""


# Scaleway documents its selector (https://www.scaleway.com/en/developers/api/transactional-email, read in 2026-11).
# SendGrid's are those of its API's examples, which an account may replace. The others are what these services showed
# the owners of many domains, older ones last. Mailgun, Postmark, SES and SparkPost give each domain names of its own.
_CUSTOMS: Mapping[str, Custom] = {
    "brevo": Custom(selectors=("brevo1", "brevo2", "mail")),
    "mailersend": Custom(selectors=("mlsend2", "mlsend")),
    "mailgun": Custom(domain_option="domain"),
    "mailjet": Custom(selectors=("mailjet",)),
    "mailtrap": Custom(selectors=("rwmt1", "rwmt2")),
    "resend": Custom(selectors=("resend",)),
    "scaleway": Custom(selector_option="project_id"),
    "sendgrid": Custom(selectors=("s1", "s2")),
    "smtp": Custom(
        selector_option="dkim_selector",
        domain_option="dkim_domain",
        key_variable="DKIM_PRIVATE_KEY",
        key_selector="digest",
        envelope_option="return_path",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Whose keys sign a newsletter, as far as that is known."""

    domain: str
    """The domain in the signature."""
    named: tuple[str, ...] = ()
    """Selectors that somebody has named."""
    usual: tuple[str, ...] = ()
    """Selectors that may be the ones."""
    modulus: int = 0
    """Of the RSA key that signs; 0 where it is not ours."""
    envelope: str = ""
    """The domain in the envelope, whose SPF record receivers look up; blank where it is a service's."""

    @classmethod
    def by(
        cls,
        provider: str,
        sender: str,
        *,
        options: Mapping[str, object],
        environ: Mapping[str, str],
        selector: str = "",
    ) -> Signing:
        """
        Return what is known of a provider.

        Args:
            provider: its name.
            sender: the domain in From.
            options: its part of the settings.
            environ: the environment, which may hold the key that signs.
            selector: what a person says that the selector is.
        """
        custom = _CUSTOMS.get(provider, Custom())
        key = environ.get(custom.key_variable, "")
        named = selector or str(options.get(custom.selector_option, custom.key_selector if key else ""))
        return_path = str(options.get(custom.envelope_option, sender)) if custom.envelope_option else ""
        return cls(
            domain=str(options.get(custom.domain_option, "")).lower() or sender,
            named=(named,) if named else (),
            usual=() if named else custom.selectors,
            modulus=modulus_of(key) if key else 0,
            envelope=return_path.rpartition("@")[2].lower(),
        )
