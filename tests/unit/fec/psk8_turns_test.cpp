// SPDX-License-Identifier: MIT
// 8PSK: whichever of the eight turns the carrier's phase has taken, frames come.
#include "channel.h"
#include "dsp/fec/rail_map.h"
#include "dsp/fec/stream_decoder.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <complex>
#include <numbers>

using namespace landfall;
using namespace landfall::fec;
using fec::test::modem;
using fec::test::octet_list;
using fec::test::receive;
using fec::test::reception;
using fec::test::transmission;

namespace {

constexpr double pi = std::numbers::pi;

/// The definition: Gray-coded points counterclockwise from 22.5°.
std::complex<double> point_of(unsigned bits) {
    const unsigned place = bits ^ bits >> 1U ^ bits >> 2U;
    return std::polar(1.0, pi / 8.0 + pi / 4.0 * place);
}

std::int8_t soft_of(std::complex<double> z, unsigned bit) {
    std::array<double, 2> best{-1e9, -1e9};
    for (unsigned bits = 0; bits < 8; ++bits) {
        auto& most = best[bits >> (2U - bit) & 1U];
        most = std::max(most, (z * std::conj(point_of(bits))).real());
    }
    return static_cast<std::int8_t>(
        std::lrint(std::clamp(48.0 * (best[0] - best[1]), -127.0, 127.0)));
}

/// Replaces each three bits by the soft bits of their point, turned, in noise.
void send(transmission& sent, unsigned eighths, double es_n0_db, std::uint64_t seed) {
    base::random_source random(seed);
    const double deviation = std::sqrt(0.5 / std::pow(10.0, es_n0_db / 10.0));
    for (std::size_t i = 0; i + 2 < sent.soft.size(); i += 3) {
        unsigned bits = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            bits = bits * 2 + (sent.soft[i + j] < 0 ? 1U : 0U);
        }
        const std::complex<double> z =
            point_of(bits) * std::polar(1.0, pi / 4.0 * eighths) +
            std::complex(deviation * random.gaussian(), deviation * random.gaussian());
        for (unsigned j = 0; j < 3; ++j) {
            sent.soft[i + j] = soft_of(z, j);
        }
    }
}

} // namespace

TEST_CASE("fec/rail_map: soft bits of a turned 8PSK symbol are those of the turned point") {
    base::random_source random(5);
    for (int i = 0; i < 5000; ++i) {
        const std::complex z(0.7 * random.gaussian(), 0.7 * random.gaussian());
        const std::array soft{soft_of(z, 0), soft_of(z, 1), soft_of(z, 2)};
        if (std::abs(soft[0]) > 120 || std::abs(soft[1]) > 120) {
            continue; // cut
        }
        for (unsigned eighths = 1; eighths < 8; ++eighths) {
            std::array<std::int8_t, 3> out{};
            turn_psk8(eighths, soft.data(), out.data());
            for (unsigned bit = 0; bit < 3; ++bit) {
                CHECK(std::abs(out[bit] - soft_of(z * std::polar(1.0, pi / 4.0 * eighths), bit)) <=
                      4);
            }
        }
    }
}

TEST_CASE("fec/stream_decoder: 8PSK in each of its eight turns, at every rate, first frame on") {
    struct rate_case {
        code_rate rate;
        double es_n0_db;
    };
    std::uint64_t round = 100;
    for (const auto& [rate, es_n0_db] : {rate_case{code_rate::none, 15.5},
                                         {code_rate::r1_2, 7.5},
                                         {code_rate::r2_3, 9.5},
                                         {code_rate::r3_4, 11.0},
                                         {code_rate::r5_6, 12.5},
                                         {code_rate::r7_8, 13.5}}) {
        for (unsigned eighths = 0; eighths < 8; ++eighths) {
            for (const unsigned variant : {0U, 1U, 2U, 3U}) {
                coding code;
                code.convolutional = rate;
                code.c2_inverted = rate == code_rate::r1_2;
                code.line_code = (variant & 1U) != 0 ? nrz::m : nrz::l;
                code.c2_first = (variant & 2U) != 0;
                code.rs_interleave = 1;
                code.frame_octets = 90;
                const modem with{3, false};
                transmission sent(code, with, 4, 150, ++round);
                send(sent, eighths, es_n0_db, round);
                sent.lose_start(3 * (round % 7));
                const reception got = receive(code, with, sent.soft);
                CAPTURE(static_cast<int>(rate));
                CAPTURE(eighths);
                CAPTURE(variant);
                CHECK(got.matches(sent) == 4);
                CHECK(got.bad() == 0);
                CHECK(got.in_place(sent));
            }
        }
    }
}
