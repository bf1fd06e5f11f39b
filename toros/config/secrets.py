"""Masking of passwords and tokens in whatever is shown or written down."""

from __future__ import annotations

import re

__all__ = ["MASK", "masked"]

MASK = "***"
_PATTERNS = (
    # scheme://user:password@host
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s/:@'\"]*):[^\s/'\"]*@"), rf"\1:{MASK}@"),
    # Authorization: Basic dXNlcjp0b2tlbg==, or the scheme alone before something long
    (re.compile(r"(?i)(\bauthorization[\"']?\s*[=:,]\s*[\"']?(?:[a-z]+\s+)?)[^\s\"',;}]+"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b((?:basic|bearer)\s+)[A-Za-z0-9._~+/-]{16,}=*"), rf"\1{MASK}"),
    # password=..., 'token': '...'
    (
        re.compile(r"(?i)\b((?:password|passwd|token|secret|api[_-]?key)[\"']?\s*[=:]\s*[\"']?)(?!\*)[^\s\"',;&}]+"),
        rf"\1{MASK}",
    ),
)


def masked(text: str) -> str:
    """Return the text with passwords in URLs, Authorization headers and `password=`-like values hidden."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text
