// SPDX-License-Identifier: MIT
#include "config/carriers.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace landfall;
using namespace landfall::config;

namespace {

folders presets() {
    const char* const source = std::getenv("LANDFALL_SOURCE");
    return {std::filesystem::path(source != nullptr ? source : ".") / "config" / "missions"};
}

std::string errors_of(std::string text) {
    const auto read = read_carriers({"l.toml", std::move(text)}, presets());
    REQUIRE_FALSE(read.has_value());
    return read.error().text();
}

} // namespace

TEST_CASE("config/carriers: carriers are missions with overrides") {
    const auto read = read_carriers({"l.toml", R"(config_version = 1
[gateway]
name = "svalbard-1"
[[port]]
name = "rf"
[[carrier]]
name = "noaa20"
mission = "jpss-hrd"
port = "rf"
udp_port = 4991
stream_id = 0x1001
symbol_rate_hz = 14e6
rs_interleave = 5
[[carrier]]
name = "aqua"
mission = "aqua-db"
)"},
                                    presets());
    INFO((read ? std::string{} : read.error().text()));
    REQUIRE(read.has_value());
    REQUIRE(read->size() == 2);
    const carrier& first = read->front();
    CHECK(first.name == "noaa20");
    CHECK(first.mission.name == "jpss-hrd");
    CHECK(first.port == "rf");
    CHECK(first.udp_port == 4991);
    CHECK(first.stream_id == 0x1001U);
    CHECK(first.mission.wave.symbol_rate_hz == 14e6);
    CHECK(first.mission.coding.frame_octets == 1115);
    CHECK(first.mission.coding.line_code == fec::nrz::m);
    CHECK_FALSE(read->back().stream_id.has_value());
    CHECK(read->back().mission.wave.kind == dsp::modulation::oqpsk);
}

TEST_CASE("config/carriers: all mistakes of a configuration are told at once") {
    CHECK(errors_of(R"([[carriers]]
[[carrier]]
mission = "jps-hrd"
udp_port = 0
[[carrier]]
name = "../x"
mission = "jpss-hrd"
stream_id = -1
symbol_rate = 1
[[carrier]]
name = "a"
port = 7
roll_off = 2
mission = "/nowhere.toml"
[[carrier]]
name = "a"
mission = ""
)") == R"(l.toml:1:1: error: config_version = 1 is required
    [[carriers]]
    ^
l.toml:1:3: error: unknown key 'carriers'; did you mean 'carrier'?
    [[carriers]]
      ^
l.toml:2:1: error: the carrier has no name
    [[carrier]]
    ^
l.toml:3:11: error: mission: no mission is named 'jps-hrd'; did you mean 'jpss-hrd'?
    mission = "jps-hrd"
              ^
l.toml:4:12: error: udp_port: 0 is not within 1 to 65535
    udp_port = 0
               ^
l.toml:6:8: error: name: "../x" is not 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter, digit or '_'
    name = "../x"
           ^
l.toml:8:13: error: stream_id: -1 is not within 0 to 4294967295
    stream_id = -1
                ^
l.toml:9:1: error: unknown key 'symbol_rate'; did you mean 'symbol_rate_hz'?
    symbol_rate = 1
    ^
l.toml:12:8: error: port: expected text, not an integer
    port = 7
           ^
l.toml:13:12: error: roll_off: 2 is not within 0.2 to 0.6
    roll_off = 2
               ^
l.toml:14:11: error: mission: /nowhere.toml: no such file
    mission = "/nowhere.toml"
              ^
l.toml:16:8: error: name: "a" is another carrier's
    name = "a"
           ^
l.toml:17:11: error: mission: empty
    mission = ""
              ^
)");
}

TEST_CASE("config/carriers: the version and at least one carrier are required") {
    CHECK(errors_of("config_version = 1\n") == "l.toml: error: there is no [[carrier]]\n");
    CHECK(errors_of("config_version = 2\n[carrier]\nname = \"a\"\n") ==
          "l.toml:1:18: error: config_version: expected 1\n    config_version = 2\n"
          "                     ^\n"
          "l.toml:2:2: error: carrier: expected [[carrier]] tables\n    [carrier]\n     ^\n");
    CHECK(errors_of("config_version = 1\ncarrier = [1]\n")
              .starts_with("l.toml:2:12: error: carrier: expected [[carrier]] tables\n"));
}

TEST_CASE("config/carriers: a mission file's own errors are told in its name") {
    namespace fs = std::filesystem;
    const fs::path root = fs::temp_directory_path() / "landfall-unit-carriers";
    fs::create_directories(root);
    std::ofstream(root / "l.toml") << "config_version = 1\n[[carrier]]\nname = \"a\"\n"
                                      "mission = \"./own.toml\"\nroll_off = 1\n";
    std::ofstream(root / "own.toml") << "nrz = \"q\"\n";
    const auto read = load_carriers(root / "l.toml", presets());
    REQUIRE_FALSE(read.has_value());
    const auto list = read.error().list();
    REQUIRE(list.size() == 2);
    CHECK(list[0].file.ends_with("l.toml"));
    CHECK(list[0].at == position{5, 12});
    CHECK(list[1].file.ends_with("own.toml"));
    CHECK(list[1].at == position{1, 7});
    std::ofstream(root / "own.toml") << "nrz = \"m\"\nroll_off = 0.3\n";
    std::ofstream(root / "l.toml") << "config_version = 1\n[[carrier]]\nname = \"a\"\n"
                                      "mission = \"own.toml\"\n";
    const auto good = load_carriers(root / "l.toml", {});
    REQUIRE(good.has_value());
    CHECK(good->front().mission.wave.roll_off == 0.3);
    fs::remove_all(root);
}
