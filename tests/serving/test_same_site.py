import pytest

from serving.same_site import check_host, check_origin, host_name
from serving.serving_error import ServingError


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost:8501", "LocalHost", "[::1]:8501", "10.0.0.7", "Scanner:8501"])
def test_addresses_localhost_and_the_bound_name_are_taken(host):
    check_host({"host": host}, "scanner")


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8501", "[::1", "", "a@evil.example"]
)
def test_any_other_name_is_refused(host):
    with pytest.raises(ServingError, match=r"open it by IP address, as localhost or by the name given with --host"):
        check_host({"host": host}, "127.0.0.1")


def test_a_request_without_host_is_refused():
    with pytest.raises(ServingError, match="open it by IP address"):
        check_host({}, "127.0.0.1")


@pytest.mark.parametrize(
    "headers",
    [
        {},  # no browser
        {"origin": "http://127.0.0.1:8501", "sec-fetch-site": "same-origin"},
        {"origin": "https://127.0.0.1:8501"},  # through a proxy that adds TLS
        {"sec-fetch-site": "none"},
    ],
)
def test_requests_of_the_page_itself_are_taken(headers):
    check_origin({"host": "127.0.0.1:8501"} | headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9000"},  # another server of this machine is another site
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "", "host": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_requests_of_another_site_are_refused(headers):
    with pytest.raises(ServingError, match="another site must not use it"):
        check_origin({"host": "127.0.0.1:8501"} | headers)


def test_a_host_is_read_without_its_port():
    assert [host_name(host) for host in ("A.b:1", "[::1]:2", "c")] == ["a.b", "::1", "c"]
