// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "crypto/allowed_ips.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace landfall;
using namespace landfall::crypto;

namespace {

allowed_ip entry(const char* prefix, std::uint16_t peer) {
    return {base::parse_prefix(prefix).value(), peer};
}
std::uint16_t find(const allowed_ips& table, const char* address) {
    return table.find(base::parse_ip(address).value());
}

} // namespace

TEST_CASE("crypto/allowed_ips: the longest prefix counts") {
    const std::vector<allowed_ip> entries{
        entry("0.0.0.0/0", 0),          entry("10.0.0.0/8", 1),
        entry("10.9.0.0/16", 2),        entry("10.9.0.7/32", 3),
        entry("255.255.255.255/32", 4), entry("2001:db8::/32", 5),
        entry("2001:db8::1/128", 6),    entry("2001:db8:0:0:8000::/65", 7)};
    const allowed_ips table(entries);
    CHECK(find(table, "9.255.255.255") == 0);
    CHECK(find(table, "10.0.0.0") == 1);
    CHECK(find(table, "10.8.255.255") == 1);
    CHECK(find(table, "10.9.0.6") == 2);
    CHECK(find(table, "10.9.0.7") == 3);
    CHECK(find(table, "10.9.0.8") == 2);
    CHECK(find(table, "10.10.0.0") == 1);
    CHECK(find(table, "11.0.0.0") == 0);
    CHECK(find(table, "255.255.255.254") == 0);
    CHECK(find(table, "255.255.255.255") == 4);
    CHECK(find(table, "2001:db7:ffff::") == no_peer);
    CHECK(find(table, "2001:db8::") == 5);
    CHECK(find(table, "2001:db8::1") == 6);
    CHECK(find(table, "2001:db8::2") == 5);
    CHECK(find(table, "2001:db8::7fff:ffff:ffff:ffff") == 5);
    CHECK(find(table, "2001:db8::8000:0:0:0") == 7);
    CHECK(find(table, "2001:db8:0:1::") == 5);
    CHECK(find(table, "2001:db9::") == no_peer);
    CHECK(find(table, "::") == no_peer);
}

TEST_CASE("crypto/allowed_ips: an empty table and one of everything") {
    CHECK(find(allowed_ips(), "10.0.0.1") == no_peer);
    const std::vector<allowed_ip> all{entry("::/0", 1)};
    CHECK(find(allowed_ips(all), "::") == 1);
    CHECK(find(allowed_ips(all), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == 1);
    CHECK(find(allowed_ips(all), "0.0.0.0") == no_peer);
}

TEST_CASE("crypto/allowed_ips: agrees with a search through all prefixes") {
    base::random_source random(11);
    for (int round = 0; round < 200; ++round) {
        std::vector<allowed_ip> entries;
        const bool v6 = round % 2 == 0;
        // Few bits differ, so that prefixes lie in one another.
        const auto address = [&] {
            base::ip_address made;
            made.v6 = v6;
            for (std::size_t i = 0; i < made.size(); ++i) {
                made.octet[i] = static_cast<std::uint8_t>(random.below(8) == 0   ? random.below(256)
                                                          : random.below(2) == 0 ? 0xFF
                                                                                 : 0);
            }
            return made;
        };
        for (std::uint16_t i = 0; i < 30; ++i) {
            const auto length = static_cast<std::uint8_t>(random.below(v6 ? 129 : 33));
            const auto prefix = base::ip_prefix{address(), length}.network();
            if (std::none_of(entries.begin(), entries.end(),
                             [&](const allowed_ip& one) { return one.prefix == prefix; })) {
                entries.push_back({prefix, i});
            }
        }
        const allowed_ips table(entries);
        for (int i = 0; i < 500; ++i) {
            const base::ip_address which =
                i % 2 == 0 ? address() : entries[random.below(entries.size())].prefix.address;
            const allowed_ip* best = nullptr;
            for (const allowed_ip& one : entries) {
                if (one.prefix.contains(which) &&
                    (best == nullptr || one.prefix.length > best->prefix.length)) {
                    best = &one;
                }
            }
            REQUIRE(table.find(which) == (best == nullptr ? no_peer : best->peer));
        }
    }
}
