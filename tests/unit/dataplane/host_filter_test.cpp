// SPDX-License-Identifier: MIT
#include "dataplane/host_filter.h"
#include "dataplane/icmp.h"
#include "frames.h"

#include <set>

using namespace landfall;
using namespace landfall::dataplane;

namespace {

/// The IP packet of this name.
octet_vector packet(const std::string& name) {
    const char* const root = std::getenv("LANDFALL_SOURCE");
    std::ifstream file(std::string(root == nullptr ? "." : root) +
                       "/tests/vectors/dataplane/host_packets.txt");
    for (std::string one, hex; file >> one >> hex;) {
        if (one == name) {
            return from_hex(hex);
        }
    }
    FAIL("no packet ", name);
    return {};
}

const host_filter_config nothing_allowed{{*base::parse_ip("10.77.0.1"), *base::parse_ip("fd77::1")},
                                         {}};
const host_filter_config usual{nothing_allowed.addresses,
                               {{ip_protocol::icmp, 0}, {ip_protocol::tcp, 9464}}};

using verdict = std::expected<void, host_drop>;
const verdict passes{};
verdict drops(host_drop why) {
    return std::unexpected(why);
}

} // namespace

TEST_CASE("dataplane/host_filter: what the host has begun is answered, and nothing else") {
    for (const std::string family : {"4", "6"}) {
        for (const std::string kind : {"tcp", "udp", "ping"}) {
            INFO(kind << family);
            host_filter filter(nothing_allowed);
            for (const char* const answer : {"_answer", "_error"}) {
                CHECK(filter.to_host(packet(kind + answer + family), 1) ==
                      drops(host_drop::not_allowed));
            }
            CHECK(filter.from_host(packet(kind + family), 1) == passes);
            for (const std::string other : {"tcp", "udp", "ping"}) {
                for (const char* const answer : {"_answer", "_error"}) {
                    CHECK(filter.to_host(packet(other + answer + family), 2).has_value() ==
                          (other == kind));
                }
            }
            CHECK(filter.to_host(packet("too_big" + family), 2).has_value() == (kind == "tcp"));
        }
    }
}

TEST_CASE("dataplane/host_filter: others begin what is allowed") {
    for (const std::string family : {"4", "6"}) {
        INFO(family);
        host_filter none(nothing_allowed);
        host_filter filter(usual);
        for (const char* const kind : {"tcp_metrics", "tcp_metrics_error", "pinged"}) {
            INFO(kind);
            CHECK(filter.to_host(packet(kind + family), 1) == passes);
            CHECK(none.to_host(packet(kind + family), 1) == drops(host_drop::not_allowed));
        }
        for (const char* const kind : {"tcp_ssh", "udp_answer", "rerouted"}) {
            INFO(kind);
            CHECK(filter.to_host(packet(kind + family), 1) == drops(host_drop::not_allowed));
        }
        CHECK(filter.from_host(packet("tcp_metrics_answer" + family), 1) == passes);
    }
    const host_filter open({usual.addresses, {{ip_protocol::udp, 40001}, {ip_protocol::tcp, 22}}});
    CHECK(open.to_host(packet("udp_answer4"), 1) == passes);
    CHECK(open.to_host(packet("tcp_ssh6"), 1) == passes);
    CHECK(open.to_host(packet("tcp_metrics4"), 1) == drops(host_drop::not_allowed));
}

TEST_CASE("dataplane/host_filter: fragments, foreign addresses and other protocols do not pass") {
    host_filter filter(usual);
    CHECK(filter.to_host(packet("fragment4"), 1) == drops(host_drop::fragment));
    CHECK(filter.to_host(packet("gre4"), 1) == drops(host_drop::not_allowed));
    CHECK(filter.from_host(packet("fragment4"), 1) == drops(host_drop::fragment));
    for (const std::string family : {"4", "6"}) {
        CHECK(filter.from_host(packet("foreign" + family), 1) == drops(host_drop::foreign_source));
        CHECK(filter.from_host(packet("pinged" + family), 1) == drops(host_drop::foreign_source));
        // What the host sends to others is not for it.
        CHECK(filter.to_host(packet("ping" + family), 1) == drops(host_drop::not_allowed));
    }
}

TEST_CASE("dataplane/host_filter: answers are let in for so long after the last packet") {
    const struct {
        const char* kind;
        time_ns idle;
    } all[] = {{"tcp", host_filter::tcp_idle_ns},
               {"udp", host_filter::udp_idle_ns},
               {"ping", host_filter::icmp_idle_ns}};
    for (const auto& [kind, idle] : all) {
        INFO(kind);
        const auto out = packet(kind + std::string("4"));
        const auto answer = packet(kind + std::string("_answer4"));
        host_filter filter(nothing_allowed);
        const time_ns begun = 5 * second_ns;
        CHECK(filter.from_host(out, begun) == passes);
        CHECK(filter.to_host(answer, begun + idle - 1) == passes);
        CHECK(filter.to_host(answer, begun + idle) == drops(host_drop::not_allowed));
        CHECK(filter.from_host(out, begun + idle) ==
              passes); // answers do not prolong it, this does
        CHECK(filter.to_host(answer, begun + 2 * idle - 1) == passes);
    }
}

TEST_CASE("dataplane/host_filter: with more connections than it remembers, the newest are known") {
    host_filter filter(nothing_allowed);
    auto out = packet("udp6");
    auto answer = packet("udp_answer6");
    const auto set_port = [&](std::size_t number) {
        store_u16(out, ipv6_octets, 1024 + number);
        store_u16(answer, ipv6_octets + 2, 1024 + number);
    };
    constexpr std::size_t connections = 20'000;
    for (std::size_t i = 0; i < connections; ++i) {
        set_port(i);
        CHECK(filter.from_host(out, static_cast<time_ns>(i)) == passes);
        CHECK(filter.to_host(answer, static_cast<time_ns>(i)) == passes);
    }
    std::size_t known = 0;
    for (std::size_t i = 0; i < connections; ++i) {
        set_port(i);
        const bool is_known = filter.to_host(answer, connections).has_value();
        known += is_known ? 1 : 0;
        if (i >= connections - host_filter::most_flows / 4) {
            CHECK(is_known);
        }
    }
    CHECK(known > host_filter::most_flows * 9 / 10);
    CHECK(known <= host_filter::most_flows);
}

TEST_CASE("dataplane/host_filter: every truncation is refused, and no flipped bit opens a port") {
    for (const std::string name :
         {"tcp_answer", "udp_answer", "ping_answer", "tcp_error", "udp_error", "too_big"}) {
        for (const std::string family : {"4", "6"}) {
            INFO(name << family);
            host_filter filter(nothing_allowed);
            for (const char* const begun : {"tcp", "udp", "ping"}) {
                REQUIRE(filter.from_host(packet(begun + family), 1) == passes);
            }
            const auto whole = packet(name + family);
            REQUIRE(filter.to_host(whole, 2) == passes);
            for (std::size_t length = 0; length < whole.size(); ++length) {
                CHECK(filter.to_host(base::octets(whole).first(length), 2) ==
                      drops(host_drop::malformed));
            }
            // Addresses, protocol and ports; of an error, those of the packet that it repeats.
            const bool error = name.find("answer") == std::string::npos;
            const std::size_t header = family == "4" ? ipv4_octets : ipv6_octets;
            const std::size_t inner = error ? header + icmp_octets : 0;
            const std::size_t ports = inner + header + (name[0] == 'p' ? 4 : 0);
            for (std::size_t bit = 8 * inner; bit < 8 * (ports + (name[0] == 'p' ? 2 : 4)); ++bit) {
                auto flipped = whole;
                flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
                const std::size_t at = bit / 8 - inner;
                const bool address = family == "4" ? at >= 12 && at < 20 : at >= 8 && at < 40;
                const bool protocol = at == (family == "4" ? 9U : 6U);
                const bool port = bit / 8 >= ports;
                if (address || protocol || port) {
                    CHECK_FALSE(filter.to_host(flipped, 2).has_value());
                } else {
                    static_cast<void>(filter.to_host(flipped, 2)); // in bounds
                }
            }
        }
    }
}

TEST_CASE("dataplane/host_filter: every reason has a name of its own") {
    std::set<std::string> names;
    for (std::size_t i = 0; i < host_drops; ++i) {
        names.insert(name(static_cast<host_drop>(i)));
    }
    CHECK(names.size() == host_drops);
}
