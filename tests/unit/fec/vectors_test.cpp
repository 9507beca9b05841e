// SPDX-License-Identifier: MIT
// Channel bits made by another encoder (tests/vectors/fec).
#include "channel.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

using namespace landfall;
using namespace landfall::fec;
using fec::test::octet_list;

namespace {

struct vector_case {
    coding code;
    unsigned rails = 1;
    std::vector<octet_list> frames;
    octet_list channel_bits;
};

octet_list octets_of(const std::string& hex) {
    octet_list octets;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        octets.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
    }
    return octets;
}

code_rate rate_of(const std::string& text) {
    return text == "1/2"   ? code_rate::r1_2
           : text == "2/3" ? code_rate::r2_3
           : text == "3/4" ? code_rate::r3_4
           : text == "5/6" ? code_rate::r5_6
           : text == "7/8" ? code_rate::r7_8
                           : code_rate::none;
}

coding code_of(std::istringstream& line, unsigned& rails) {
    coding code;
    std::string rate, order, inverted, line_code, marker, random, when, rs, basis;
    line >> rate >> order >> inverted >> line_code >> marker >> random >> when >> rs >> basis >>
        code.rs_interleave >> code.frame_octets >> rails;
    code.convolutional = rate_of(rate);
    code.c2_first = order == "c2c1";
    code.c2_inverted = inverted == "yes";
    code.line_code = line_code == "l" ? nrz::l : line_code == "m" ? nrz::m : nrz::m_per_rail;
    code.marker = {std::stoull(marker, nullptr, 16), static_cast<unsigned>(4 * marker.size())};
    code.pseudo_random = random == "255"      ? randomizer::pn255
                         : random == "131071" ? randomizer::pn131071
                                              : randomizer::none;
    code.derandomize_when = when == "after" ? derandomize::after_rs : derandomize::before_rs;
    code.reed_solomon = rs == "223" ? rs_code::rs223 : rs == "239" ? rs_code::rs239 : rs_code::none;
    code.basis = basis == "dual" ? rs_basis::dual : rs_basis::conventional;
    return code;
}

std::vector<vector_case> read_cases() {
    const char* root = std::getenv("LANDFALL_SOURCE");
    std::ifstream file(std::string(root != nullptr ? root : ".") + "/tests/vectors/fec/chain.txt");
    std::vector<vector_case> cases;
    std::string text;
    std::getline(file, text);
    while (std::getline(file, text)) {
        vector_case one;
        std::istringstream parameters(text);
        one.code = code_of(parameters, one.rails);
        for (int i = 0; i < 2; ++i) {
            std::getline(file, text);
            one.frames.push_back(octets_of(text));
        }
        std::size_t count = 0;
        std::string hex;
        file >> count >> hex;
        std::getline(file, text);
        const octet_list packed = octets_of(hex);
        for (std::size_t i = 0; i < count; ++i) {
            one.channel_bits.push_back(packed[i / 8] >> (7 - i % 8) & 1U);
        }
        cases.push_back(one);
    }
    return cases;
}

} // namespace

TEST_CASE("fec/stream_encoder: channel bits equal those of an independent encoder") {
    const auto cases = read_cases();
    CHECK(cases.size() == 17);
    for (const vector_case& one : cases) {
        stream_encoder encoder(one.code, one.rails);
        octet_list bits;
        for (const octet_list& frame : one.frames) {
            encoder.frame(frame, bits);
        }
        CHECK(bits == one.channel_bits);
    }
}

TEST_CASE("fec/stream_decoder: an independent encoder's frames come back, both of them") {
    for (const vector_case& one : read_cases()) {
        std::vector<std::int8_t> soft;
        for (const std::uint8_t bit : one.channel_bits) {
            soft.push_back(bit != 0 ? -100 : 100);
        }
        for (const bool staggered : {false, true}) {
            const auto got = fec::test::receive(one.code, {one.rails, staggered}, soft);
            REQUIRE(got.items.size() == 2);
            CHECK(got.items[0].octets == one.frames[0]);
            CHECK(got.items[1].octets == one.frames[1]);
        }
    }
}
