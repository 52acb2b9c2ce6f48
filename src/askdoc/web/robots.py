"""Decides which IP addresses may be connected to."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

IPAddress = IPv4Address | IPv6Address

_TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv6 networks that embed IPv4 addresses in the last 32 bits."""

_METADATA = frozenset(
    map(ip_address, ("100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254"))
)
"""Metadata services of clouds, which give out credentials, besides the link-local
`169.254.169.254`."""

PRIVATE = "is a private address"
"""The only objection that an option lifts."""


def objection(address: str, *, allow_private: bool) -> str | None:
    """Return why an IP address is refused; None if it is permitted.

    Without `allow_private`, only public addresses are permitted. Link-local, unspecified, multicast
    and cloud metadata addresses never are. An embedded address, such as the IPv4 one in
    `::ffff:10.0.0.1`, is checked, too.
    """
    try:
        every = list(_inside(ip_address(address.partition("%")[0])))
    except ValueError:
        return "is not an IP address"
    for one in every:
        if one.is_link_local or one in _METADATA:
            return "is a link-local or metadata address"
        if one.is_unspecified or one.is_multicast or _is_this_network(one):
            return "is not the address of a machine"
        if not allow_private and not _is_public(one):
            return PRIVATE
    return None


def _is_public(address: IPAddress) -> bool:
    if isinstance(address, IPv6Address) and (address in _TRANSLATED or address.ipv4_mapped):
        return True  # the embedded address is checked separately
    if isinstance(address, IPv6Address) and address.is_site_local:
        return False
    return address.is_global and not address.is_reserved


def _is_this_network(address: IPAddress) -> bool:
    """Tell whether it is in `0.0.0.0/8` or the broadcast address, which some systems route."""
    return isinstance(address, IPv4Address) and (
        int(address) >> 24 == 0 or int(address) == (1 << 32) - 1
    )


def _inside(address: IPAddress) -> Iterator[IPAddress]:
    yield address
    if isinstance(address, IPv4Address):
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if address in _TRANSLATED or (int(address) >> 32 == 0 and int(address) > 1):
        yield IPv4Address(int(address) & 0xFFFFFFFF)
