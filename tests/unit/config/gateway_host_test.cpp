// SPDX-License-Identifier: MIT
#include "config/gateway.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

using namespace landfall;
using namespace landfall::config;

namespace {

folders presets() {
    const char* const source = std::getenv("LANDFALL_SOURCE");
    return {std::filesystem::path(source != nullptr ? source : ".") / "config" / "missions"};
}

const std::string carrier_text =
    "config_version = 1\n[[carrier]]\nname = \"a\"\nmission = \"jpss-hrd\"\nport = \"mdc\"\n";

const std::string base_text = carrier_text + R"([[port]]
name = "mdc"
device = "net_af_packet1,iface=mdc0"
address = ["198.51.100.10/24"]
gateway = ["198.51.100.1"]
[tunnel]
port = "mdc"
private_key_file = "tunnel.key"
address = ["10.77.0.1/24"]
[[peer]]
name = "p"
public_key = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
endpoint = "203.0.113.7:51820"
allowed_ips = ["10.77.0.7"]
[[route]]
to = "p"
udp = "10.77.0.7:50011"
)";

gateway_result read(const std::string& more) {
    return read_gateway({{"base.toml", base_text}, {"m.toml", more}}, presets());
}

gateway good(const gateway_result& loaded) {
    INFO((loaded ? std::string{} : loaded.error().text()));
    REQUIRE(loaded.has_value());
    return *loaded;
}

std::string told(const diagnostics& list) {
    std::string all;
    for (const diagnostic& one : list.list())
        all += fmt::format("{}:{}: {}\n", one.at.line, one.at.column, one.message);
    return all;
}

std::string added(const std::string& more) {
    const auto loaded = read(more);
    REQUIRE_FALSE(loaded.has_value());
    return told(loaded.error());
}

} // namespace

TEST_CASE("config/gateway_loader: the host's interface is there when it is asked for") {
    const auto with = [](const std::string& text) { return good(read(text)); };
    CHECK_FALSE(with("").host.has_value());
    const gateway usual = with("[host]\n[metrics]\nlisten = \"10.77.0.1:9000\"\n");
    REQUIRE(usual.host.has_value());
    CHECK(usual.host->interface_name == "landfall0");
    CHECK(usual.host->allow ==
          std::vector<host_allowance>{{host_protocol::icmp, 0}, {host_protocol::tcp, 9000}});
    CHECK(toml_text(usual).find("\n[host]\ninterface = \"landfall0\"  # default\n"
                                "allow = [\"icmp\", \"tcp/9000\"]  # default\n"
                                "rate_mbit_s = 100  # default\n") != std::string::npos);
    CHECK(with("[host]\n[metrics]\nenabled = false\n").host->allow.size() == 1);
    CHECK(with("[host]\nallow = []\n").host->allow.empty());
    const gateway chosen = with("[host]\nallow = [\"udp/123\", \"tcp/65535\"]\n");
    CHECK(chosen.host->allow ==
          std::vector<host_allowance>{{host_protocol::udp, 123}, {host_protocol::tcp, 65535}});
    const gateway again = good(read_gateway({{"x.toml", toml_text(chosen)}}, presets()));
    REQUIRE(again.host.has_value());
    CHECK(again.host->allow == chosen.host->allow);
    CHECK(good(read("[host]\nrate_mbit_s = 20\n")).host->rate_mbit_s == 20);
}

TEST_CASE("config/gateway_checks: the host's interface") {
    CHECK(
        added("[host]\ninterface = \"longer_than_15_octets\"\n").starts_with("2:13: interface: "));
    CHECK(added("[host]\ninterface = \"mdc0\"\n") ==
          "2:13: interface: mdc0 is that of port \"mdc\", base.toml:8:10\n");
    for (const char* const word :
         {"icmp/1", "tcp", "tcp/", "tcp/0", "tcp/65536", "tcp/022", "tcp/22 ", "sctp/22", "Icmp"}) {
        INFO(word);
        CHECK(added(fmt::format("[host]\nallow = [\"{}\"]\n", word))
                  .starts_with(fmt::format("2:10: allow: \"{}\" is not ", word)));
    }
    CHECK(added("[host]\nallow = [\"tcp/22\", \"tcp/22\"]\n") == "2:20: allow: \"tcp/22\" twice\n");
    CHECK(told(read_gateway({{"l.toml", carrier_text + "[host]\n"}}, presets(), use::replay)
                   .error()) == "6:1: the host's interface needs a [tunnel]\n");
    CHECK(told(good(read_gateway(
                        {{"l.toml",
                          base_text +
                              "[host]\n[[peer]]\nname = \"q\"\npublic_key = "
                              "\"TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=\"\n"
                              "allowed_ips = [\"::/0\"]\n[[route]]\nto = \"q\"\nas = \"ip\"\n"}},
                        presets()))
                   .warnings) ==
          "27:16: allowed_ips: the host gets no route to ::/0 by landfall0: its own default route "
          "stays\n");
}
