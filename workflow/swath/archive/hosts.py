"""Which hosts may be spoken to: those the config names, over https, wherever a URL or a redirect points."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from ..config.archive import Archive, Http
from ..errors import RunError


class Refused(RunError):
    """A URL that the config does not let us ask."""


def allowed_hosts(archive: Archive) -> frozenset[str]:
    """The hosts of the services' own URLs and those of `archive.http.hosts`, in lower case."""
    urls = (archive.tap_url, archive.sia_url, archive.data_url)
    return hosts_of(urls) | {host.lower() for host in archive.http.hosts}


def hosts_of(urls: Iterable[str]) -> frozenset[str]:
    """The hosts of some URLs, in lower case, without ports."""
    return frozenset(host for url in urls if (host := urlsplit(url).hostname))


def is_url(text: str) -> bool:
    """Can a text be taken apart as a URL?"""
    try:
        urlsplit(text)
    except ValueError:
        return False
    return True


def check_url(url: str, hosts: Iterable[str], http: Http) -> None:
    """Make sure that a URL may be asked.

    Raises
    ------
    Refused : a host that is not in `hosts`, http where only https is allowed, another scheme, a user in the URL.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise Refused(f"{url}: not a URL; see where it came from") from None
    schemes = ("https", "http") if http.allow_http else ("https",)
    if parts.scheme not in schemes:
        more = "; archive.http.allow_http: true allows http" if parts.scheme == "http" else ""
        raise Refused(f"{url}: expected a URL that begins with {' or '.join(schemes)}{more}")
    if "@" in parts.netloc:
        raise Refused(f"{url}: a user's name stands in the URL; expected none")
    if host.lower() not in set(hosts):
        known = ", ".join(sorted(hosts)) or "none"
        raise Refused(
            f"{url}: host {host or '(none)'} is not among those allowed ({known}); add it to archive.http.hosts"
        )
