// SPDX-License-Identifier: MIT
#include "../../support/full_snapshot.h"
#include "control/metrics.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace landfall;

namespace {

struct family {
    std::string type;
    std::string help;
    std::set<std::string> labels;
    std::vector<std::string> series; ///< "{...} value"
};

/// A reader of the text format 0.0.4 that owes nothing to its writer. Fails on a family that comes
/// twice and on anything that is no comment and no series of the family before it.
std::map<std::string, family> parsed(const std::string& text) {
    std::map<std::string, family> all;
    std::istringstream lines(text);
    std::string last;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string word;
        std::string kind;
        words >> word;
        if (word == "#") {
            words >> kind >> word;
            std::string rest;
            std::getline(words >> std::ws, rest);
            if (kind == "HELP") {
                REQUIRE_MESSAGE(!all.contains(word), word);
                all[word].help = rest;
                last = word;
            } else {
                REQUIRE(kind == "TYPE");
                REQUIRE(word == last);
                all[word].type = rest;
            }
            continue;
        }
        const std::string name = line.substr(0, line.find_first_of("{ "));
        REQUIRE_MESSAGE(name == last, line);
        all[name].series.push_back(line.substr(name.size()));
        for (std::size_t at = name.size(); line[at] == '{' || line[at] == ',';) {
            const std::size_t equals = line.find("=\"", at);
            all[name].labels.insert(line.substr(at + 1, equals - at - 1));
            at = equals + 2;
            while (line[at] != '"') {
                at += line[at] == '\\' ? 2U : 1U;
            }
            ++at;
        }
    }
    return all;
}

} // namespace

TEST_CASE("control/metrics: every family has a help of one line, a type and series") {
    for (const auto& [name, one] : parsed(control::metrics_text(test_support::full_snapshot()))) {
        CAPTURE(name);
        CHECK(name.starts_with("landfall_"));
        CHECK(!one.help.empty());
        CHECK(!one.series.empty());
        CHECK((one.type == "counter") == name.ends_with("_total"));
        CHECK((one.type == "counter" || one.type == "gauge"));
        const std::set<std::string> distinct(one.series.begin(), one.series.end());
        CHECK(distinct.size() == one.series.size());
    }
}

TEST_CASE("control/metrics: units are base units, and decibels by name") {
    for (const auto& [name, one] : parsed(control::metrics_text(test_support::full_snapshot()))) {
        CAPTURE(name);
        for (const char* unit :
             {"_ms", "_milliseconds", "_percent", "_ppm", "_hz", "_kib", "_ratio_total"}) {
            CHECK(name.find(unit) == std::string::npos);
        }
        if (name.ends_with("_db")) {
            CHECK(one.help.find("dB") != std::string::npos);
        }
    }
}

TEST_CASE("control/metrics: values are those of the snapshot") {
    const std::string text = control::metrics_text(test_support::full_snapshot());
    for (
        const char* line : {
            R"(landfall_build_info{version="0.1.0",revision="abc1234",dpdk="22.11.11",liquid="1.5.0",sodium="1.0.18"} 1)",
            R"(landfall_port_receive_bytes_total{port="rf"} 103000000)",
            R"(landfall_port_drops_total{port="rf",reason="malformed"} 110)",
            R"(landfall_lcore_busy_cycles_total{lcore="2",role="modem"} 6000)",
            R"(landfall_ring_full_total{ring="noaa20"} 311)",
            R"(landfall_iq_invalid_packets_total{stream="noaa20",reason="version"} 213)",
            R"(landfall_demod_snr_db{channel="noaa20"} 9.75)",
            R"(landfall_demod_error_vector_ratio{channel="noaa20"} 0.325)",
            R"(landfall_fec_frames_total{channel="noaa20",result="uncorrectable"} 216)",
            R"(landfall_frames_total{channel="noaa20",vcid_class="fill"} 223)",
            R"(landfall_virtual_channel_packets_total{channel="noaa20",spacecraft="159",vcid="63"} 234)",
            R"(landfall_tunnel_packets_total{peer="mdc-a",direction="transmit"} 314)",
            R"(landfall_tunnel_rejected_packets_total{reason="short"} 322)",
            R"(landfall_tunnel_last_handshake_timestamp_seconds{peer="mdc-a"} 1700090019)",
            R"(landfall_route_drops_total{route="1",carrier="noaa20",peer="mdc-a",payload="frames",reason="no_neighbour"} 328)",
            "landfall_watchdog_pings_total 329",
        }) {
        CAPTURE(line);
        CHECK(text.find(fmt::format("\n{}\n", line)) != std::string::npos);
    }
}

TEST_CASE("control/metrics: every reason has its series from the start, at zero") {
    const std::string text = control::metrics_text(test_support::full_snapshot());
    for (const char* line : {
             R"(landfall_iq_invalid_packets_total{stream="metop-c",reason="short"} 0)",
             R"(landfall_frames_refused_total{channel="metop-c",reason="length"} 0)",
             R"(landfall_fec_frames_total{channel="metop-c",result="clean"} 0)",
             R"(landfall_tunnel_key_rotations_total{peer="mdc-b",result="completed"} 0)",
         }) {
        CAPTURE(line);
        CHECK(text.find(fmt::format("\n{}\n", line)) != std::string::npos);
    }
}

TEST_CASE("control/metrics: a carrier that is not locked has no estimates") {
    const auto all = parsed(control::metrics_text(test_support::full_snapshot()));
    CHECK(all.at("landfall_demod_locked").series.size() == 2);
    for (const char* name :
         {"landfall_demod_snr_db", "landfall_demod_error_vector_ratio",
          "landfall_demod_carrier_offset_hertz", "landfall_demod_symbol_rate_error_ratio"}) {
        CHECK(all.at(name).series.size() == 1);
    }
}

TEST_CASE("control/metrics: hostile names stay within their label") {
    control::snapshot now = test_support::full_snapshot();
    now.ports[0].name = "a\"} 1\nlandfall_port_up{port=\"b\\";
    now.pools[0].name = "\xFF\xC3(";
    const std::string text = control::metrics_text(now);
    const auto all = parsed(text);
    CHECK(all.at("landfall_port_up").series.size() == 1);
    CHECK(text.find(R"(landfall_port_up{port="a\"} 1\nlandfall_port_up{port=\"b\\"} 1)") !=
          std::string::npos);
    CHECK(all.at("landfall_mempool_capacity_objects").series[0] == "{pool=\"\uFFFD\uFFFD(\"} 308");
}

TEST_CASE("control/metrics: an empty snapshot has the gateway's own series") {
    const auto all = parsed(control::metrics_text({}));
    CHECK(all.at("landfall_build_info").series.size() == 1);
    CHECK(all.at("landfall_port_up").series.empty());
}

TEST_CASE("control/metrics: the README's table is what is exported") {
    const char* source = std::getenv("LANDFALL_SOURCE");
    REQUIRE(source != nullptr);
    std::ifstream file(fmt::format("{}/src/control/README.md", source));
    std::set<std::string> documented;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("| `landfall_") && line.find("collect_errors") == std::string::npos) {
            documented.insert(line);
        }
    }
    std::set<std::string> exported;
    for (const auto& [name, one] : parsed(control::metrics_text(test_support::full_snapshot()))) {
        std::string labels;
        for (const std::string& label : one.labels) {
            labels += labels.empty() ? "" : ", ";
            labels += label;
        }
        exported.insert(fmt::format("| `{}` | {} | {} | {} |", name, one.type,
                                    labels.empty() ? "none" : labels, one.help));
    }
    for (const std::string& line : exported) {
        CHECK_MESSAGE(documented.contains(line), "README.md lacks: ", line);
    }
    for (const std::string& line : documented) {
        CHECK_MESSAGE(exported.contains(line), "README.md has, but not exported: ", line);
    }
}

TEST_CASE("control/metrics: what cannot be listened on is said") {
    const auto source = [] { return control::snapshot{}; };
    const auto v6 =
        control::metrics_server::start(base::parse_endpoint("[::1]:9464").value(), source);
    REQUIRE(!v6);
    CHECK(v6.error().message.find("IPv6") != std::string::npos);
    CHECK(v6.error().code == base::exit_code::bad_configuration);

    base::udp_endpoint any = base::parse_endpoint("127.0.0.1:1").value();
    any.port = 0;
    const auto first = control::metrics_server::start(any, source);
    REQUIRE(first);
    any.port = (*first)->port();
    CHECK(any.port != 0);
    const auto second = control::metrics_server::start(any, source);
    REQUIRE(!second);
    CHECK(second.error().message ==
          fmt::format("[metrics] listen: cannot listen on {}: Address already in use",
                      base::to_text(any)));

    const auto elsewhere =
        control::metrics_server::start(base::parse_endpoint("192.0.2.1:9464").value(), source);
    REQUIRE(!elsewhere);
    CHECK(elsewhere.error().message.find("Cannot assign requested address") != std::string::npos);
}
