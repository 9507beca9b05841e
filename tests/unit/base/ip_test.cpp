// SPDX-License-Identifier: MIT
#include "base/ip.h"

#include <doctest/doctest.h>

#include <string>

using namespace landfall::base;

TEST_CASE("base/ip: addresses are read and written as RFC 5952 has them") {
    CHECK(to_text(parse_ip("192.0.2.1").value()) == "192.0.2.1");
    CHECK(to_text(parse_ip("2001:DB8:0:0:0:0:0:1").value()) == "2001:db8::1");
    CHECK(to_text(parse_ip("::").value()) == "::");
    CHECK(parse_ip("::").value().unspecified());
    CHECK(parse_ip("224.0.0.1").value().multicast());
    CHECK(parse_ip("ff02::1").value().multicast());
    CHECK_FALSE(parse_ip("223.255.255.255").value().multicast());
}

TEST_CASE("base/ip: what is no address is refused") {
    for (const char* text : {"", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.4 ",
                             "::1%eth0", "[::1]", "g::", "1:2:3:4:5:6:7:8:9", "a.b.c.d",
                             "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_ip(text));
    }
    CHECK_FALSE(parse_ip(std::string("1.2.3.4\0x", 9)));
}

TEST_CASE("base/ip: prefixes hold what their leading bits say") {
    const ip_prefix net = parse_prefix("10.77.0.1/20").value();
    CHECK(net.contains(parse_ip("10.77.15.255").value()));
    CHECK_FALSE(net.contains(parse_ip("10.77.16.0").value()));
    CHECK_FALSE(net.contains(parse_ip("::").value()));
    CHECK(to_text(net) == "10.77.0.1/20");
    CHECK(to_text(net.network()) == "10.77.0.0/20");
    CHECK(parse_prefix("0.0.0.0/0").value().contains(parse_ip("255.1.2.3").value()));
    CHECK(parse_prefix("2001:db8::/33").value().contains(parse_ip("2001:db8:7fff::1").value()));
    CHECK_FALSE(
        parse_prefix("2001:db8::/33").value().contains(parse_ip("2001:db8:8000::").value()));
    CHECK(parse_prefix("10.0.0.7").value().length == 32);
    CHECK(parse_prefix("::1").value().length == 128);
    for (const char* text : {"10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/08",
                             "10.0.0.0/8 ", "/8", "10.0.0.0/+8"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_prefix(text));
    }
}

TEST_CASE("base/ip: prefixes overlap when one holds the other") {
    const auto overlap = [](const char* one, const char* other) {
        return parse_prefix(one).value().overlaps(parse_prefix(other).value());
    };
    CHECK(overlap("10.0.0.0/8", "10.1.2.3/32"));
    CHECK(overlap("10.1.2.3/32", "10.0.0.0/8"));
    CHECK_FALSE(overlap("10.0.0.0/16", "10.1.0.0/16"));
    CHECK_FALSE(overlap("0.0.0.0/0", "::/0"));
}

TEST_CASE("base/ip: endpoints need a port, and IPv6 its brackets") {
    CHECK(to_text(parse_endpoint("198.51.100.7:51820").value()) == "198.51.100.7:51820");
    CHECK(to_text(parse_endpoint("[2001:db8::7]:1").value()) == "[2001:db8::7]:1");
    for (const char* text :
         {"198.51.100.7", "198.51.100.7:", "198.51.100.7:0", "198.51.100.7:65536",
          "2001:db8::7:51820", "[198.51.100.7]:1", "[2001:db8::7]", ":1", "[]:1", "[::1]:01"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_endpoint(text));
    }
}
