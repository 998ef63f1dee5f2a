"""
Stand-ins for services, one a module, by the names of their providers.

Whoever has written a provider of their own puts the stand-in of its service into a folder ``services`` on their path.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
