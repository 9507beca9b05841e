// SPDX-License-Identifier: MIT
#include "config/gateway.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <string>

using namespace landfall;
using namespace landfall::config;

namespace {

const std::string recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kdxz7ewlqsz5nsg";

// Two carriers, two peers.
const std::string base_text = R"(config_version = 1
[[port]]
name = "rf"
device = "net_null0"
address = "192.0.2.10/24"
[[port]]
name = "mdc"
device = "net_null1"
address = "198.51.100.10/24"
[[carrier]]
name = "goes"
mission = "goes-hrit"
port = "rf"
stream_id = 1
[[carrier]]
name = "gk2a"
mission = "gk2a-lrit"
port = "rf"
stream_id = 2
[tunnel]
port = "mdc"
private_key_file = "tunnel.key"
address = "10.77.0.1/24"
[[peer]]
name = "mdc-a"
public_key = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
allowed_ips = "10.77.0.7"
[[peer]]
name = "mdc-b"
public_key = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
allowed_ips = "10.77.0.8"
[ledger]
key_file = "ledger.key"
[publish]
urls = "nats://10.77.0.7:4222"
)";

gateway_result read(const std::string& more) {
    const char* const source = std::getenv("LANDFALL_SOURCE");
    const std::filesystem::path root = source != nullptr ? source : ".";
    return read_gateway({{"l.toml", base_text}, {"m.toml", more}}, {root / "config" / "missions"});
}

/// `LINE:COL: MESSAGE` in lines.
std::string wrong(const std::string& more) {
    const auto got = read(more);
    REQUIRE_FALSE(got.has_value());
    std::string all;
    for (const diagnostic& one : got.error().list()) {
        all += fmt::format("{}:{}: {}\n", one.at.line, one.at.column, one.message);
    }
    return all;
}

std::string tenant(const std::string& name, const std::string& more) {
    return fmt::format("[[tenant]]\nname = \"{}\"\nrecipients = \"{}\"\n{}", name, recipient, more);
}

std::string durable(const std::string& name, const std::string& more = "") {
    return fmt::format("[[route]]\ntenant = \"{}\"\ndurable = true\n{}", name, more);
}

std::string live(const std::string& peer, const std::string& more = "") {
    return fmt::format("[[route]]\nto = \"{}\"\nudp = \"10.77.0.{}:5\"\n{}", peer,
                       peer == "mdc-a" ? 7 : 8, more);
}

} // namespace

TEST_CASE("config/tenant_checks: the only tenant may have everything, and defaults are derived") {
    const auto all = read(tenant("weather", "peers = \"mdc-a\"\n") + durable("weather") +
                          live("mdc-a", "carrier = \"goes\"\n"));
    INFO((all ? std::string() : all.error().text()));
    REQUIRE(all);
    CHECK(has_durable_routes(*all));
    CHECK(all->tenants.front().quota_octets == 4ULL << 30U);
    CHECK(all->tenants.front().when_full == when_full::oldest_first);
    CHECK(all->spool.segment_octets == 768U << 10U);
    CHECK(all->publish->stream == "landfall");
    const std::string printed = toml_text(*all);
    CHECK(printed.find("when_full = \"oldest-first\"  # default") != std::string::npos);
}

TEST_CASE("config/tenant_checks: a durable route needs a tenant with recipients, and a ledger") {
    CHECK(wrong("[[route]]\ndurable = true\n") ==
          "2:11: durable: the route has no tenant, for whom what is kept is sealed\n");
    CHECK(wrong("[[tenant]]\nname = \"w\"\n" + durable("w")) ==
          "5:11: durable: tenant \"w\" has no recipients, m.toml:1:1\n");
    CHECK(wrong(tenant("weather", "") + durable("wether")) ==
          "5:10: tenant: there is none named \"wether\"; did you mean 'weather'?\n");
    CHECK(wrong(tenant("w", "") + durable("w", "to = \"mdc-a\"\nudp = \"10.77.0.7:5\"\n")) ==
          "7:6: to: peer \"mdc-a\" is not among the peers of tenant \"w\", m.toml:1:1\n"
          "7:6: to: is for live routes; what goes to the spool has none\n"
          "8:7: udp: is for live routes; what goes to the spool has none\n");
    CHECK(wrong(tenant("w", "") + durable("w", "as = \"ip\"\n")) ==
          "7:6: as: durable routes keep \"frames\" or \"packets\"\n");
    CHECK(wrong(tenant("w", "quota_octets = \"1 MiB\"\n") + durable("w")) ==
          "4:16: quota_octets: 1048576 is less than two segments of 786432\n");
    CHECK(wrong(tenant("w", "") + durable("w") + durable("w")) ==
          "7:1: the same route as m.toml:4:1: everything would be sent twice\n");
}

TEST_CASE("config/tenant_checks: no tenant gets another's channel, live or durable") {
    const std::string two = tenant("a", "channels = [\"goes:1\", \"gk2a\"]\npeers = \"mdc-a\"\n") +
                            tenant("b", "channels = \"goes:2\"\npeers = \"mdc-b\"\n");
    const auto good = read(two + durable("a", "carrier = \"gk2a\"\n") +
                           durable("b", "carrier = \"goes\"\nvcid = 2\n") +
                           live("mdc-b", "carrier = \"goes\"\nvcid = 2\n"));
    INFO((good ? std::string() : good.error().text()));
    CHECK(good);
    CHECK(wrong(two + durable("b", "carrier = \"goes\"\nvcid = [1, 2]\n")) ==
          "12:10: tenant \"b\" may not have channel 1 of carrier \"goes\": it is not among its "
          "channels, m.toml:9:12\n");
    CHECK(wrong(two + durable("b", "carrier = \"goes\"\n")) ==
          "12:10: tenant \"b\" may not have all channels of carrier \"goes\": it is not among its "
          "channels, m.toml:9:12\n");
    CHECK(wrong(two + live("mdc-b", "carrier = \"gk2a\"\n")) ==
          "12:6: tenant \"b\" may not have all channels of carrier \"gk2a\": it is not among its "
          "channels, m.toml:9:12\n");
    CHECK(wrong(two + live("mdc-b", "carrier = \"goes\"\nvcid = 1\ntenant = \"a\"\n")) ==
          "12:6: to: peer \"mdc-b\" is not among the peers of tenant \"a\", m.toml:1:1\n");
    // IQ holds all channels.
    CHECK(wrong(two + live("mdc-b", "carrier = \"goes\"\nas = \"iq\"\n"))
              .starts_with("12:6: tenant \"b\" may not have all channels of carrier \"goes\""));
}

TEST_CASE("config/tenant_checks: peers and channels are somebody's, and only his") {
    CHECK(wrong(tenant("a", "channels = \"goes\"\npeers = \"mdc-a\"\n") +
                tenant("b", "channels = \"gk2a\"\npeers = \"mdc-a\"\n")) ==
          "10:9: peers: \"mdc-a\" is tenant \"a\"'s, m.toml:1:1: each has tunnels and keys of its "
          "own\n");
    CHECK(wrong(tenant("a", "") + tenant("a", "channels = \"goes\"\n")) ==
          "1:1: the tenant has no channels: where there are several, each names those that it may "
          "have\n5:8: name: \"a\" is another tenant's, m.toml:2:8\n");
    CHECK(
        wrong(tenant("a", "channels = \"goes:1\"\n") + live("mdc-b", "carrier = \"goes\"\n")) ==
        "6:6: the route selects all channels of carrier \"goes\", of which tenant \"a\" has some, "
        "m.toml:1:1; its peer is no tenant's: name it among the peers of one\n");
    CHECK(read(tenant("a", "channels = \"goes:1\"\n") +
               live("mdc-b", "carrier = \"goes\"\nvcid = 2\n")));
    CHECK(wrong(tenant("a", "channels = \"gose\"\npeers = \"mdc-c\"\n")) ==
          "4:12: channels: there is none named \"gose\"; did you mean 'goes'?\n"
          "5:9: peers: there is none named \"mdc-c\"; did you mean 'mdc-a'?\n");
    CHECK(wrong(tenant("a", "channels = \"goes:64\"\n"))
              .starts_with("4:12: channels: \"goes:64\" is not a carrier, or one virtual channel"));
}

TEST_CASE("config/tenant_checks: secrets are not repeated, values have their forms") {
    const std::string secret =
        "AGE-SECRET-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0S";
    const std::string said = wrong("[[tenant]]\nname = \"w\"\nrecipients = \"" + secret + "\"\n");
    CHECK(said.find(secret.substr(16)) == std::string::npos);
    CHECK(said.starts_with("3:14: recipients: is a secret key"));
    CHECK(wrong("[[tenant]]\nname = \"w\"\nrecipients = \"age1abc\"\n")
              .starts_with("3:14: recipients: is not \"age1"));
    CHECK(wrong("[publish]\nurls = \"nats://u:p@h:4222\"\n").find("u:p") == std::string::npos);
    CHECK(wrong("[publish]\nurls = \"http://h\"\n").starts_with("2:8: urls: is not a server"));
    CHECK(
        wrong("[publish]\nstream = \"a.b\"\n").starts_with("2:10: stream: \"a.b\" is not 1 to 32"));
    CHECK(wrong(tenant("w", "") + durable("w") + "[publish]\nurls = \"tls://h:1\"\n") ==
          "8:8: urls: tls:// needs an authorities_file, the certificates to believe\n");
    CHECK(wrong("[spool]\nsegment_octets = 5\n")
              .starts_with("2:18: segment_octets: 5 is not within 131072"));
}
