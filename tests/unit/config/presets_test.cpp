// SPDX-License-Identifier: MIT
#include "config/mission_keys.h"
#include "config/mission_loader.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace landfall;
using namespace landfall::config;

namespace {

std::filesystem::path config_folder() {
    const char* const source = std::getenv("LANDFALL_SOURCE");
    return std::filesystem::path(source != nullptr ? source : ".") / "config";
}

std::string text_of(const std::filesystem::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

mission preset(std::string_view name) {
    const auto one = load_mission(name, {}, {config_folder() / "missions"});
    INFO((one ? std::string{} : one.error().text()));
    REQUIRE(one.has_value());
    return *one;
}

} // namespace

TEST_CASE("config/presets: every mission loads clean and says whence its numbers come") {
    const auto list = list_missions({config_folder() / "missions"});
    CHECK(list.size() >= 14);
    for (const listed_mission& one : list) {
        INFO(one.name << "\n" << (one.loaded ? std::string{} : one.loaded.error().text()));
        REQUIRE(one.loaded.has_value());
        CHECK(one.loaded->title.size() > 5);
        CHECK(one.loaded->source.size() > 20);
        const std::string written = toml_text(*one.loaded);
        const auto again = read_mission({one.name + ".toml", written});
        REQUIRE(again.has_value());
        CHECK(toml_text(*again) == written);
    }
}

TEST_CASE("config/presets: the missions that are promised are there") {
    for (const char* name : {"jpss-hrd", "noaa21-hrd", "aqua-db", "metop-ahrpt", "gk2a-lrit",
                             "gk2a-hrit", "goes-hrit", "elektro-lrit", "gcom-w1", "cryosat",
                             "landsat-s", "meteor-m2-lrpt", "by701", "ks-1q", "generic-ccsds"})
        preset(name);
}

TEST_CASE("config/presets: CADU lengths are the published ones, in bits") {
    struct length {
        const char* name;
        std::size_t bits;
    };
    constexpr std::array lengths{length{"jpss-hrd", 8192},   length{"noaa21-hrd", 10232},
                                 length{"aqua-db", 8192},    length{"metop-ahrpt", 8192},
                                 length{"gk2a-lrit", 8192},  length{"goes-hrit", 8192},
                                 length{"gcom-w1", 10112},   length{"cryosat", 10232},
                                 length{"landsat-s", 10232}, length{"meteor-m2-lrpt", 8192}};
    for (const length& one : lengths) {
        INFO(one.name);
        const fec::coding coding = preset(one.name).coding;
        CHECK(8 * fec::codeblock_octets(coding) + coding.marker.bits == one.bits);
    }
}

TEST_CASE("config/presets: generic-ccsds is the defaults, key by key") {
    const mission generic = preset("generic-ccsds");
    const mission defaults;
    const std::string text = text_of(config_folder() / "missions" / "generic-ccsds.toml");
    for (const mission_key& key : mission_keys()) {
        INFO(key.name);
        const bool there = text.find(fmt::format("\n{} = ", key.name)) != std::string::npos ||
                           text.find(fmt::format("\n# {} = ", key.name)) != std::string::npos;
        CHECK(there);
        if (key.name != "title" && key.name != "source")
            CHECK(toml_text(get_key(key, generic)) == toml_text(get_key(key, defaults)));
    }
}

TEST_CASE("config/presets: the README has a heading for each key, with all its values") {
    const std::string text = text_of(config_folder() / "README.md");
    for (const mission_key& key : mission_keys()) {
        INFO(key.name << ": " << values_of(key));
        const auto heading = text.find(fmt::format("\n### `{}`\n", key.name));
        REQUIRE(heading != std::string::npos);
        const auto end = text.find("\n### ", heading + 5);
        CHECK(text.substr(heading, end - heading).find(values_of(key)) != std::string::npos);
    }
}
