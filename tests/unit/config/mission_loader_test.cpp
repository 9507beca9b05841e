// SPDX-License-Identifier: MIT
#include "config/mission_loader.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

using namespace landfall;
using namespace landfall::config;

namespace {

using sets = std::vector<std::string>;

mission loaded(std::string text, const sets& overrides = {}) {
    const auto one = read_mission({"m.toml", std::move(text)}, overrides);
    INFO((one ? std::string{} : one.error().text()));
    REQUIRE(one.has_value());
    return *one;
}

std::string errors_of(std::string text, const sets& overrides = {}) {
    const auto one = read_mission({"m.toml", std::move(text)}, overrides);
    REQUIRE_FALSE(one.has_value());
    return one.error().text();
}

} // namespace

TEST_CASE("config/mission_loader: an empty file is the defaults") {
    const mission one = loaded("");
    CHECK(one.name == "m");
    CHECK_FALSE(one.has_frequency);
    CHECK(one.wave.kind == dsp::modulation::qpsk);
    CHECK(one.coding.frame_octets == 892);
    CHECK(one.coding.marker == fec::sync_marker{0x1ACFFC1D, 32});
}

TEST_CASE("config/mission_loader: every key reaches its field") {
    const mission one = loaded(R"(
title = "t"
source = """
two
lines"""
frequency_hz = 137.9e6
modulation = "oqpsk"
symbol_rate_hz = 72_000
roll_off = 0.25
spectrum = "inverted"
iq_swap = true
convolutional = "none"
convolutional_order = "c2c1"
convolutional_inverted = false
nrz = "m-per-rail"
sync_marker = "034776C7272895B0"
randomizer = "131071"
derandomize = "after-rs"
rs = "239"
rs_basis = "conventional"
rs_interleave = 5
frame_octets = 1180
framing = "tm"
fecf = true
aos_header_error_control = false
insert_zone_octets = 2
aos_ocf = true
)");
    CHECK(one.title == "t");
    CHECK(one.source == "two\nlines");
    CHECK(one.has_frequency);
    CHECK(one.frequency_hz == 137.9e6);
    CHECK(one.wave.kind == dsp::modulation::oqpsk);
    CHECK(one.wave.symbol_rate_hz == 72000);
    CHECK(one.wave.roll_off == 0.25);
    CHECK(one.wave.spectrum_inverted);
    CHECK(one.wave.iq_swapped);
    CHECK(one.coding.convolutional == fec::code_rate::none);
    CHECK(one.coding.c2_first);
    CHECK_FALSE(one.coding.c2_inverted);
    CHECK(one.coding.line_code == fec::nrz::m_per_rail);
    CHECK(one.coding.marker == fec::sync_marker{0x034776C7272895B0, 64});
    CHECK(one.coding.pseudo_random == fec::randomizer::pn131071);
    CHECK(one.coding.derandomize_when == fec::derandomize::after_rs);
    CHECK(one.coding.reed_solomon == fec::rs_code::rs239);
    CHECK(one.coding.basis == fec::rs_basis::conventional);
    CHECK(one.coding.rs_interleave == 5);
    CHECK(one.coding.frame_octets == 1180);
    CHECK(one.framing.format == framing::frame_format::tm);
    CHECK(one.framing.fecf == framing::error_control::present);
    CHECK(one.framing.aos_header_error_control == framing::error_control::absent);
    CHECK(one.framing.insert_zone_octets == 2);
    CHECK(one.framing.aos_ocf);
}

TEST_CASE("config/mission_loader: all mistakes of a file are told at once") {
    CHECK(errors_of(R"(titel = "x"
title = 7
source = "bell: \u0007"
frequency_hz = -1
modulation = "dvb-s2"
symbol_rate_hz = "15e6"
  roll_off = 0.15
spectrum = "inverse"
iq_swap = 1
convolutional = "1/3"
nrz = "m-per-rails"
sync_marker = "1acffc1"
randomizer = 255
rs_interleave = 9
rs_basis = ["dual"]
rs = 2024-01-01
frame_octets = 892.0
[fecf]
)") == R"(m.toml:1:1: error: unknown key 'titel'; did you mean 'title'?
    titel = "x"
    ^
m.toml:2:9: error: title: expected text, not an integer
    title = 7
            ^
m.toml:3:10: error: source: has characters that are neither printable nor line breaks
    source = "bell: \u0007"
             ^
m.toml:4:16: error: frequency_hz: -1 is not within 1 to 1000000000000
    frequency_hz = -1
                   ^
m.toml:5:14: error: modulation: "dvb-s2" is known but not supported yet: one of "qpsk", "bpsk", "oqpsk", "8psk", "fsk", "gmsk"
    modulation = "dvb-s2"
                 ^
m.toml:6:18: error: symbol_rate_hz: "15e6" has no unit: expected a number and one of sym/s, ksym/s, Msym/s, Gsym/s
    symbol_rate_hz = "15e6"
                     ^
m.toml:7:14: error: roll_off: 0.15 is not within 0.2 to 0.6
      roll_off = 0.15
                 ^
m.toml:8:12: error: spectrum: "inverse" is not one of "normal", "inverted"; did you mean 'inverted'?
    spectrum = "inverse"
               ^
m.toml:9:11: error: iq_swap: expected true or false, not an integer
    iq_swap = 1
              ^
m.toml:10:17: error: convolutional: "1/3" is not one of "1/2", "2/3", "3/4", "5/6", "7/8", "none"; did you mean '1/2'?
    convolutional = "1/3"
                    ^
m.toml:11:7: error: nrz: "m-per-rails" is not one of "l", "m", "m-per-rail"; did you mean 'm-per-rail'?
    nrz = "m-per-rails"
          ^
m.toml:13:14: error: randomizer: expected one of "255", "131071", "none", not an integer
    randomizer = 255
                 ^
m.toml:14:17: error: rs_interleave: 9 is not within 1 to 8
    rs_interleave = 9
                    ^
m.toml:15:12: error: rs_basis: expected one of "dual", "conventional", not a list
    rs_basis = ["dual"]
               ^
m.toml:16:6: error: rs: expected one of "223", "239", "none", not a date or time
    rs = 2024-01-01
         ^
m.toml:17:16: error: frame_octets: expected an integer from 1 to 65536, not a number
    frame_octets = 892.0
                   ^
m.toml:18:1: error: fecf: expected one of "auto", true, false, not a table
    [fecf]
    ^
)");
}

TEST_CASE("config/mission_loader: after a syntax error nothing else is told") {
    const std::string text = errors_of("titel = 1\nrs = \n");
    CHECK(text.starts_with("m.toml:2:"));
    CHECK(text.find("titel") == std::string::npos);
}

TEST_CASE("config/mission_loader: numbers that are none are out of range") {
    for (const char* number : {"nan", "inf", "-inf", "1e400", "999.9", "250000000.1"})
        CHECK(errors_of(std::string("symbol_rate_hz = ") + number + "\n").starts_with("m.toml:1:"));
    CHECK(loaded("symbol_rate_hz = 1e3\nroll_off = 0.2").wave.symbol_rate_hz == 1e3);
    CHECK(loaded("symbol_rate_hz = 250e6\nroll_off = 0.6").wave.roll_off == 0.6);
}

TEST_CASE("config/mission_loader: sync markers are 2 to 16 hexadecimal digits") {
    CHECK(loaded("sync_marker = \"f0\"").coding.marker == fec::sync_marker{0xF0, 8});
    CHECK(loaded("sync_marker = \"faf320\"").coding.marker == fec::sync_marker{0xFAF320, 24});
    CHECK(loaded("sync_marker = \"aB0\"").coding.marker == fec::sync_marker{0xAB0, 12});
    for (const char* text : {"", "1", "0x1acffc1d", "1acffc1g", "-1acffc1", "12345678123456781"})
        CHECK(errors_of(std::string("sync_marker = \"") + text + "\"").starts_with("m.toml:1:15:"));
    CHECK(errors_of("sync_marker = 0x1acffc1d").starts_with("m.toml:1:15:"));
}

TEST_CASE("config/mission_loader: the frame's length follows Reed-Solomon and interleaving") {
    CHECK(loaded("rs_interleave = 5").coding.frame_octets == 1115);
    CHECK(loaded("rs = \"239\"\nrs_interleave = 1").coding.frame_octets == 239);
    CHECK(loaded("frame_octets = 4").coding.frame_octets == 4);
    CHECK(loaded("rs = \"none\"\nframe_octets = 1024").coding.frame_octets == 1024);
    CHECK(errors_of("rs = \"none\"") ==
          "m.toml:1:6: error: frame_octets is required where rs = \"none\"\n"
          "    rs = \"none\"\n         ^\n");
    CHECK(errors_of("frame_octets = 896") ==
          "m.toml:1:16: error: frame_octets: 896 is more than the 892 that Reed-Solomon carries "
          "(223 x 4)\n    frame_octets = 896\n                   ^\n");
    CHECK(errors_of("frame_octets = 890").find("not a multiple of rs_interleave, 4") !=
          std::string::npos);
}

TEST_CASE("config/mission_loader: punctured codes invert C2 only where the mission says so") {
    const std::string inverted = "convolutional_inverted = true\n";
    CHECK(loaded("convolutional = \"1/2\"").coding.c2_inverted);
    for (const std::string rate : {"2/3", "3/4", "5/6", "7/8"}) {
        const std::string punctured = "convolutional = \"" + rate + "\"\n";
        CHECK_FALSE(loaded(punctured).coding.c2_inverted);
        CHECK(loaded(inverted + punctured).coding.c2_inverted);
        CHECK(loaded(punctured, {"convolutional_inverted=true"}).coding.c2_inverted);
        CHECK_FALSE(loaded(inverted, {"convolutional=" + rate}).coding.c2_inverted);
        CHECK(loaded("", {"convolutional_inverted=true", "convolutional=" + rate})
                  .coding.c2_inverted);
    }
}

TEST_CASE("config/mission_loader: differential rails need two uncoded rails") {
    const std::string text = errors_of("modulation = \"bpsk\"\nnrz = \"m-per-rail\"");
    CHECK(text.find("m.toml:2:7: error: nrz = \"m-per-rail\" needs modulation") == 0);
    CHECK(text.find("m.toml:2:7: error: nrz = \"m-per-rail\" needs convolutional") !=
          std::string::npos);
}

TEST_CASE(
    "config/mission_loader: receiver and expected place come from the file or the command line") {
    CHECK(loaded("").receiving.engine == dsp::engine::automatic);
    CHECK_FALSE(loaded("").receiving.has_expected_offset);
    CHECK_FALSE(loaded("").receiving.has_uncertainty);
    const mission set = loaded("frequency_uncertainty_hz = \"40 kHz\"",
                               {"engine=liquid", "expected_frequency_offset_hz=-120e3"});
    CHECK(set.receiving.engine == dsp::engine::liquid);
    CHECK(set.receiving.expected_offset_hz == -120e3);
    CHECK(set.receiving.has_expected_offset);
    CHECK(set.receiving.uncertainty_hz == 40e3);
    CHECK(set.receiving.has_uncertainty);
    CHECK(errors_of("frequency_uncertainty_hz = 0").find("is not within 1 to ") !=
          std::string::npos);
    CHECK(errors_of("modulation = \"oqpsk\"\nengine = \"liquid\"")
              .find("engine = \"liquid\" needs") != std::string::npos);
}

TEST_CASE("config/mission_loader: overrides win, the last one most") {
    const mission one = loaded("symbol_rate_hz = 1e6\nnrz = \"m\"",
                               {"symbol_rate_hz=2e6", "nrz=l", "symbol_rate_hz = 3_000_000",
                                "rs=239", "randomizer=\"131071\"", "sync_marker=12345678",
                                "convolutional=3/4", "fecf=true", "title=2024"});
    CHECK(one.wave.symbol_rate_hz == 3e6);
    CHECK(one.coding.line_code == fec::nrz::l);
    CHECK(one.coding.reed_solomon == fec::rs_code::rs239);
    CHECK(one.coding.pseudo_random == fec::randomizer::pn131071);
    CHECK(one.coding.marker == fec::sync_marker{0x12345678, 32});
    CHECK(one.coding.convolutional == fec::code_rate::r3_4);
    CHECK(one.framing.fecf == framing::error_control::present);
    CHECK(one.title == "2024");
}

TEST_CASE("config/mission_loader: text of the command line is UTF-8") {
    CHECK(loaded("", {"title=caf\xC3\xA9"}).title == "caf\xC3\xA9");
    CHECK(errors_of("", {"title=caf\xE9"}).starts_with("--set: error: title: has characters"));
    CHECK(errors_of("", {"title=a\nb"}).starts_with("--set: error: title: has characters"));
}

TEST_CASE("config/mission_loader: errors of overrides name the option") {
    CHECK(errors_of("", {"symbol_rate=1e6", "roll_off=0.9", "modulation", "nrz=x"}) ==
          R"(--set: error: unknown key 'symbol_rate'; did you mean 'symbol_rate_hz'?
    symbol_rate=1e6
    ^
--set: error: expected KEY=VALUE
    modulation
    ^
--set: error: nrz: "x" is not one of "l", "m", "m-per-rail"
    nrz=x
        ^
--set: error: roll_off: 0.9 is not within 0.2 to 0.6
    roll_off=0.9
             ^
)");
}

TEST_CASE("config/mission_loader: what an override makes meaningless follows it") {
    const std::string full = "frame_octets = 892\nconvolutional_inverted = true\n";
    CHECK(loaded(full, {"rs_interleave=5"}).coding.frame_octets == 1115);
    CHECK(loaded(full, {"rs=239"}).coding.frame_octets == 956);
    CHECK_FALSE(loaded(full, {"convolutional=7/8"}).coding.c2_inverted);
    CHECK(loaded("frame_octets = 800", {"rs=239"}).coding.frame_octets == 800);
    CHECK(errors_of("frame_octets = 888", {"rs_interleave=5"}).starts_with("--set: error: "));
    CHECK(errors_of("nrz = \"m-per-rail\"\nconvolutional = \"none\"", {"modulation=bpsk"})
              .starts_with("--set: error: nrz = \"m-per-rail\" needs modulation"));
}

TEST_CASE("config/mission_loader: a mission written out loads to the same mission") {
    const mission one = loaded("title = \"a \\\"b\\\" \\\\ c\"\nsource = \"x\\ny\"\n"
                               "frequency_hz = 1701.3e6\nsymbol_rate_hz = 2333333.333\n"
                               "convolutional = \"3/4\"\nsync_marker = \"0acffc1d\"\nfecf = false");
    const std::string text = toml_text(one);
    CHECK(toml_text(loaded(text)) == text);
    CHECK(text.find("sync_marker = \"0acffc1d\"\n") != std::string::npos);
    CHECK(text.find("fecf = false\n") != std::string::npos);
    CHECK(toml_text(loaded("")).find("frequency_hz") == std::string::npos);
}

TEST_CASE("config/mission_loader: missions are found by name, the first folder first") {
    namespace fs = std::filesystem;
    const fs::path root = fs::temp_directory_path() / "landfall-unit-config";
    fs::remove_all(root);
    fs::create_directories(root / "a");
    fs::create_directories(root / "b");
    std::ofstream(root / "a" / "one.toml") << "title = \"first\"\n";
    std::ofstream(root / "b" / "one.toml") << "title = \"second\"\n";
    std::ofstream(root / "b" / "two.toml") << "titel = 1\n";
    std::ofstream(root / "b" / "no t.toml") << "";
    std::ofstream(root / "b" / "notes.txt") << "";
    const folders where{root / "missing", root / "a", root / "b"};

    CHECK(load_mission("one", {}, where)->title == "first");
    CHECK(load_mission((root / "b" / "one.toml").string(), {}, where)->title == "second");
    CHECK(load_mission("tow", {}, where).error().text() ==
          "landfall: error: no mission is named 'tow'; did you mean 'two'?\n");
    CHECK(load_mission("elsewhere", {}, where).error().text() ==
          "landfall: error: no mission is named 'elsewhere'; `landfall missions` lists them\n");
    CHECK(load_mission("one", {}, {}).error().text() ==
          "landfall: error: no mission is named 'one'; there are none in; LANDFALL_MISSIONS may "
          "name other folders\n");

    const auto list = list_missions(where);
    REQUIRE(list.size() == 2);
    CHECK(list[0].name == "one");
    CHECK(list[0].loaded->title == "first");
    CHECK_FALSE(list[1].loaded.has_value());
    fs::remove_all(root);
}
