"""The settings of a newsletter, from ``digest.toml``, the environment and ``.env``."""

from digest.config.document import FILE_NAME
from digest.config.environment import Environment
from digest.config.loading import VARIABLES, find_root, load_settings
from digest.config.settings import Assets, Newsletter, Palette, ProviderChoice, Send, Settings, StoreChoice, Theme

__all__ = [
    "FILE_NAME",
    "VARIABLES",
    "Assets",
    "Environment",
    "Newsletter",
    "Palette",
    "ProviderChoice",
    "Send",
    "Settings",
    "StoreChoice",
    "Theme",
    "find_root",
    "load_settings",
]
