// SPDX-License-Identifier: MIT
#include "../../support/full_snapshot.h"
#include "control/metrics.h"
#include "control/status.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>

using namespace landfall;
using nlohmann::json;

namespace {

std::string text_of(const std::vector<control::page_line>& page) {
    std::string text;
    for (const control::page_line& line : page) {
        CHECK(line.text.find('\n') == std::string::npos);
        text += line.text + '\n';
    }
    return text;
}

bool has_row(const std::string& text, std::initializer_list<const char*> cells) {
    std::size_t at = 0;
    std::string row;
    for (std::size_t end = text.find('\n'); end != std::string::npos;
         at = end + 1, end = text.find('\n', at)) {
        row = text.substr(at, end - at);
        std::size_t place = 0;
        bool all = true;
        for (const char* cell : cells) {
            place = row.find(cell, place);
            all = all && place != std::string::npos;
        }
        if (all) {
            return true;
        }
    }
    return false;
}

} // namespace

TEST_CASE("control/status: JSON has schema 1, all on one line, and reads back as it was") {
    const control::snapshot now = test_support::full_snapshot();
    const std::string text = control::status_json(now);
    CHECK(text.find('\n') == std::string::npos);
    const json object = json::parse(text);
    CHECK(object["schema"] == 1);
    CHECK(object["carriers"][0]["es_n0_db"] == 9.75);
    CHECK(object["carriers"][0]["virtual_channels"][1]["vcid"] == 63);
    CHECK(object["carriers"][0]["frames"]["missing"] == 224);
    CHECK(object["ports"][0]["drops"]["tx_full"] == 109);
    CHECK(object["tunnel"]["rejects"]["replay"] == 319);
    const auto back = control::parse_status(text);
    REQUIRE(back);
    CHECK(control::status_json(*back) == text);
    CHECK(control::metrics_text(*back) == control::metrics_text(now)); // every value of it
}

TEST_CASE("control/status: numbers that are none become null and read back as defaults") {
    control::snapshot now = test_support::full_snapshot();
    now.carriers[0].es_n0_db = std::nan("");
    const std::string text = control::status_json(now);
    CHECK(json::parse(text)["carriers"][0]["es_n0_db"].is_null());
    CHECK(control::parse_status(text)->carriers[0].es_n0_db == 0.0);
}

TEST_CASE("control/status: text that is no status is refused, at every truncation too") {
    const std::string text = control::status_json(test_support::full_snapshot());
    for (std::size_t length = 0; length < text.size(); ++length) {
        CHECK(!control::parse_status(text.substr(0, length)));
    }
    for (const char* other :
         {"[]", "{}", "null", R"({"schema":2,"ports":[]})", R"({"schema":1,"error":"x"})",
          R"({"schema":1,"ports":3})", R"({"schema":1,"ports":[{"up":"yes"}]})",
          R"({"schema":1,"ports":[],"build":"x"})"}) {
        CAPTURE(other);
        CHECK(!control::parse_status(other));
    }
    CHECK(control::parse_status(R"({"schema":1,"ports":[{"name":"rf","of_tomorrow":1}]})")
              ->ports[0]
              .name == "rf");
}

TEST_CASE("control/status: the page shows links, locks, handshakes and drops") {
    const control::snapshot now = test_support::full_snapshot();
    const std::string text = text_of(control::status_page(now, nullptr));
    CAPTURE(text);
    CHECK(has_row(text, {"gateway svalbard-1", "up 1 d 01:01:01", "version 0.1.0 (abc1234)"}));
    CHECK(has_row(text, {"rf", "up", "102", "103 MB", "104", "105 B", "114 (115 silent)"}));
    CHECK(has_row(
        text, {"noaa20", "locked", "9.8 dB", "220", "224", "222", "206", "-1234 Hz", "jpss-hrd"}));
    CHECK(has_row(text, {"metop-c", "searching", "-", "-"}));
    CHECK(has_row(text, {"noaa20", "159", "63", "233", "231"}));
    CHECK(has_row(text, {"mdc-a", "198.51.100.7:51820", "42 s ago", "312"}));
    CHECK(has_row(text, {"mdc-b", "unknown", "never"}));
    CHECK(has_row(text, {"1", "io", "25 %", "12.500 ms"}));
    CHECK(has_row(text, {"port rf", "malformed", "110"}));
    CHECK(has_row(text, {"tunnel, in", "bad_tag", "318"}));
    CHECK(has_row(text, {"ring noaa20", "full", "311"}));
    CHECK(text.find("iq metop-c") == std::string::npos); // nothing was dropped there
}

TEST_CASE("control/status: a peer that does not answer handshakes is seen at once") {
    control::snapshot now = test_support::full_snapshot();
    CHECK(text_of(control::status_page(now, nullptr)).find("silent 1") == std::string::npos);
    now.tunnel.peers[0].silent_s = 35.4;
    const auto read_back = control::parse_status(control::status_json(now));
    REQUIRE(read_back);
    const auto page = control::status_page(*read_back, nullptr);
    const std::string text = text_of(page);
    CAPTURE(text);
    CHECK(has_row(text, {"locked 1 of 2", "dropped", "peers silent 1"}));
    CHECK(has_row(text, {"mdc-a", "198.51.100.7:51820", "no answer for 35 s", "312"}));
    CHECK(std::ranges::any_of(page, [](const control::page_line& line) {
        return line.text.starts_with("mdc-a") && line.kind == control::line_kind::alarm;
    }));
}

TEST_CASE("control/status: in a small terminal what is wrong is not cut off") {
    control::snapshot now = test_support::full_snapshot();
    now.carriers[0].frequency_offset_hz = -0.3;
    std::string page;
    for (const control::page_line& line : control::status_page(now, nullptr, 23)) {
        page += line.text.substr(0, 79) + '\n';
    }
    CAPTURE(page);
    CHECK(std::count(page.begin(), page.end(), '\n') == 23);
    CHECK(has_row(page, {"locked 1 of 2", "missing 224", "bad 222", "lost 206", "dropped 5115"}));
    CHECK(has_row(page, {"CARRIER", "ES/N0", "MISSING", "BAD", "IQ LOST"}));
    CHECK(has_row(page, {"route 1", "no_neighbour", "328"})); // the largest drop first
    CHECK(has_row(page, {"and for", "other reasons"}));
    CHECK(has_row(page, {"mdc-b", "never"}));
    CHECK(has_row(page, {"more lines", "landfall status"}));
    CHECK(page.find("-0") == std::string::npos);
    for (std::size_t rows = 1; rows < 80; ++rows) {
        CHECK(control::status_page(now, nullptr, rows).size() <= rows);
    }
    CHECK(text_of(control::status_page(now, nullptr)).find("more lines") == std::string::npos);
}

TEST_CASE("control/status: what is not known is not shown as if it were") {
    control::snapshot now;
    now.gateway = "landfall";
    now.build.version = "0.1.0";
    now.config.last_load_successful = true;
    now.ports.resize(1);
    const std::string text = text_of(control::status_page(now, nullptr));
    CAPTURE(text);
    CHECK(has_row(text, {"gateway landfall   up 00:00:00   version 0.1.0"}));
    CHECK(text.find("()") == std::string::npos);
    CHECK(has_row(text, {"configuration generation 0"}));
    CHECK(text.find("landfall   landfall") == std::string::npos);
}

TEST_CASE("control/status: two snapshots give rates") {
    const control::snapshot before = test_support::full_snapshot();
    control::snapshot now = before;
    now.taken_unix_s += 2;
    now.ports[0].received.bytes += 250'000'000;
    now.tunnel.peers[0].transmitted.bytes += 125'000;
    now.lcores[0].cycles += 100;
    now.lcores[0].busy_cycles += 90;
    std::string text = text_of(control::status_page(now, &before));
    CAPTURE(text);
    CHECK(has_row(text, {"rf", "1 Gbit/s", "0 bit/s"}));
    CHECK(has_row(text, {"mdc-a", "0 bit/s", "500 kbit/s"}));
    CHECK(has_row(text, {"1", "io", "90 %"}));
    now.start_unix_s += 1; // it was started anew: counters do not compare
    text = text_of(control::status_page(now, &before));
    CHECK(text.find("bit/s") == std::string::npos);
}

TEST_CASE("control/status: names do not reach a terminal as anything but text") {
    control::snapshot now = test_support::full_snapshot();
    now.gateway = "a\x1b[2Jb\n";
    now.ports[0].name = "rf\x07\r\n";
    const std::string text = text_of(control::status_page(now, nullptr));
    CHECK(has_row(text, {"a?[2Jb?"}));
    CHECK(has_row(text, {"rf???", "up"}));
    CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("control/status: alarms are marked") {
    control::snapshot now;
    now.gateway = "small";
    now.config.last_load_successful = true;
    for (const auto& line : control::status_page(now, nullptr)) {
        CHECK(line.kind != control::line_kind::alarm);
    }
    now.ports.resize(1);
    now.ports[0].name = "rf";
    bool marked = false;
    for (const auto& line : control::status_page(now, nullptr)) {
        marked = marked || (line.kind == control::line_kind::alarm && line.text.starts_with("rf"));
    }
    CHECK(marked);
}

TEST_CASE("control/status: the control socket answers requests and says what it does not know") {
    const auto source = [] { return test_support::full_snapshot(); };
    CHECK(control::answer(control::status_request, source) == control::status_json(source()));
    for (const char* wrong : {"", "status", "{}", "[1]", R"({"request":"rm"})", R"({"request":7})",
                              "{\"request\":\"\xFF\"}"}) {
        CAPTURE(wrong);
        const json reply = json::parse(control::answer(wrong, source));
        CHECK(reply["schema"] == 1);
        CHECK(reply["error"].is_string());
    }
    const auto fails = []() -> control::snapshot { throw std::runtime_error("no lcores"); };
    CHECK(json::parse(control::answer(control::status_request, fails))["error"] == "no lcores");
}
