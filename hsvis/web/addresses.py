"""Addresses of connections: in which networks they lie, and which belong together."""

import ipaddress
from collections.abc import Collection

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


def place_of(address: str) -> str:
    """By what those at an address are told apart: of IPv6 the network, as one machine has all of it."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    found = getattr(found, "ipv4_mapped", None) or found
    return str(ipaddress.ip_network((int(found) >> 64 << 64, 64))) if found.version == 6 else str(found)


def is_address(name: str) -> bool:
    """Whether it is an address, not the name of a host."""
    try:
        ipaddress.ip_address(name)
        return True
    except ValueError:
        return False


def is_within(address: str, networks: Collection[Network]) -> bool:
    """Whether an address, as a connection tells it, lies in one of the networks."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in network for network in networks)
