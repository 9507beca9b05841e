// SPDX-License-Identifier: MIT
// The whole chain over a channel with noise, ambiguities and slips.
#include "channel.h"
#include "dsp/fec/stream_decoder.h"

#include <doctest/doctest.h>

#include <array>

using namespace landfall;
using namespace landfall::fec;
using fec::test::modem;
using fec::test::octet_list;
using fec::test::receive;
using fec::test::reception;
using fec::test::threshold_db;
using fec::test::transmission;

namespace {

constexpr std::array rates{code_rate::none, code_rate::r1_2, code_rate::r2_3,
                           code_rate::r3_4, code_rate::r5_6, code_rate::r7_8};
constexpr std::array modems{modem{1, false}, modem{2, false}, modem{2, true}};

/// Orders and inversions of C2.
unsigned variants_of(code_rate rate) {
    return rate == code_rate::none ? 1 : 4;
}

coding short_code(code_rate rate) {
    coding code;
    code.convolutional = rate;
    code.c2_inverted = rate == code_rate::r1_2;
    code.rs_interleave = 1;
    code.frame_octets = 90;
    return code;
}

coding long_code(code_rate rate) {
    coding code;
    code.convolutional = rate;
    code.c2_inverted = rate == code_rate::r1_2;
    return code;
}

} // namespace

TEST_CASE(
    "fec/stream_decoder: every rate, order, inversion, line code and rotation, first frame on") {
    unsigned round = 0;
    for (const code_rate rate : rates) {
        for (unsigned variant = 0; variant < variants_of(rate); ++variant) {
            for (const nrz line_code : {nrz::l, nrz::m, nrz::m_per_rail}) {
                for (const modem with : modems) {
                    for (unsigned quarters = 0; quarters < 4;
                         quarters += 3 - with.bits_per_symbol) {
                        coding code = short_code(rate);
                        code.c2_first = (variant & 1U) != 0;
                        code.c2_inverted = (variant & 2U) != 0;
                        code.line_code = line_code;
                        transmission sent(code, with, 4, 150, ++round);
                        sent.lose_start(with.bits_per_symbol * (round % 12));
                        sent.turn(with, quarters);
                        sent.add_noise(threshold_db(rate) + 2.5);
                        const reception got = receive(code, with, sent.soft);
                        CAPTURE(static_cast<int>(rate));
                        CAPTURE(variant);
                        CAPTURE(static_cast<int>(line_code));
                        CAPTURE(with.bits_per_symbol);
                        CAPTURE(with.staggered);
                        CAPTURE(quarters);
                        CHECK(got.matches(sent) == 4);
                        CHECK(got.bad() == 0);
                        CHECK(got.in_place(sent));
                    }
                }
            }
        }
    }
}

TEST_CASE("fec/stream_decoder: at threshold and 1 dB above, no frame is lost but to noise") {
    for (const code_rate rate : rates) {
        for (const double above_db : {0.3, 1.0}) {
            const coding code = long_code(rate);
            const modem with = modems[static_cast<std::size_t>(rate) % 3];
            transmission sent(code, with, 25, 999, 31);
            sent.turn(with, 2);
            sent.add_noise(threshold_db(rate) + above_db);
            const reception got = receive(code, with, sent.soft, 1000);
            CAPTURE(static_cast<int>(rate));
            CAPTURE(above_db);
            CHECK(got.matches(sent) >= (above_db < 1 ? 24U : 25U));
            CHECK(got.matches(sent) + got.bad() == 25);
            CHECK(got.in_place(sent));
        }
    }
}

TEST_CASE("fec/stream_decoder: 1 dB below threshold the hypothesis stays as it is") {
    for (const code_rate rate : rates) {
        if (rate == code_rate::none) {
            continue;
        }
        const coding code = long_code(rate);
        for (const modem with : modems) {
            transmission sent(code, with, 10, 0, 37);
            sent.turn(with, 1);
            sent.add_noise(threshold_db(rate) - 1);
            stream_decoder decoder(code, with.bits_per_symbol, with.staggered);
            reception got;
            decoder.push(sent.soft, got.sink());
            decoder.flush(got.sink());
            CAPTURE(static_cast<int>(rate));
            CHECK(decoder.statistics().hypothesis_switches == 0);
            CHECK(decoder.statistics().channel_bits + 200 > sent.soft.size() * 98 / 100);
        }
    }
}

TEST_CASE("fec/stream_decoder: after noise, zeros or a wrong start every frame is found") {
    for (const code_rate rate : rates) {
        for (const int before : {0, 1, 2}) {
            const coding code = long_code(rate);
            const modem with = modems[1];
            transmission sent(code, with, 6, 40, 41);
            sent.turn(with, 3);
            sent.add_noise(threshold_db(rate) + 1.5);
            std::vector<std::int8_t> soft(40'002, 0);
            for (std::size_t i = 0; i < soft.size() && before != 0; ++i) {
                soft[i] = static_cast<std::int8_t>(
                    before == 1 ? std::clamp(30 * sent.random.gaussian(), -127.0, 127.0) : 60);
            }
            soft.insert(soft.end(), sent.soft.begin(), sent.soft.end());
            const reception got = receive(code, with, soft);
            CAPTURE(static_cast<int>(rate));
            CAPTURE(before);
            CHECK(got.matches(sent) == 6);
            CHECK(got.bad() == 0);
        }
    }
}

TEST_CASE("fec/stream_decoder: a rotation slip costs at most the frame it hits, with NRZ-M none") {
    for (const code_rate rate : rates) {
        for (const modem with : modems) {
            for (unsigned quarters = 1; quarters < 4; ++quarters) {
                for (const nrz line_code : {nrz::l, nrz::m}) {
                    if (with.bits_per_symbol == 1 && quarters != 2) {
                        continue;
                    }
                    coding code = long_code(rate);
                    code.line_code = line_code;
                    transmission sent(code, with, 9, 300, 43 + quarters);
                    sent.turn(with, quarters, (sent.soft.size() * 47 / 100) & ~std::size_t{1});
                    sent.add_noise(threshold_db(rate) + 1.5);
                    const reception got = receive(code, with, sent.soft);
                    CAPTURE(static_cast<int>(rate));
                    CAPTURE(with.bits_per_symbol);
                    CAPTURE(with.staggered);
                    CAPTURE(quarters);
                    CAPTURE(static_cast<int>(line_code));
                    // Pairs stay pairs in QPSK, and the bits in the slip's place are corrected.
                    // Without a convolutional code the two rotations are decoded apart.
                    const bool survives = line_code == nrz::m &&
                                          (quarters == 2 || rate != code_rate::none) &&
                                          (quarters == 2 || !with.staggered);
                    CHECK(got.matches(sent) >= (survives ? 9 : 8));
                    CHECK(got.matches(sent) <= 9);
                    CHECK(got.matches(sent) + got.bad() <= 9);
                    CHECK(got.in_place(sent));
                }
            }
        }
    }
}

TEST_CASE("fec/stream_decoder: a lost or doubled symbol costs at most the frame it hits") {
    for (const code_rate rate : rates) {
        for (const modem with : modems) {
            for (const bool doubled : {false, true}) {
                const coding code = long_code(rate);
                transmission sent(code, with, 9, 300, 53);
                const auto at = (sent.soft.size() / 2) & ~std::size_t{1};
                const auto place = sent.soft.begin() + static_cast<std::ptrdiff_t>(at);
                const std::int64_t symbol = with.bits_per_symbol;
                if (doubled) {
                    const std::vector<std::int8_t> again(place, place + symbol);
                    sent.soft.insert(place, again.begin(), again.end());
                } else {
                    sent.soft.erase(place, place + symbol);
                }
                for (std::int64_t& first : sent.first_soft) {
                    first += first < static_cast<std::int64_t>(at) ? 0 : doubled ? symbol : -symbol;
                }
                sent.add_noise(threshold_db(rate) + 1.5);
                const reception got = receive(code, with, sent.soft);
                CAPTURE(static_cast<int>(rate));
                CAPTURE(with.bits_per_symbol);
                CAPTURE(with.staggered);
                CHECK(got.matches(sent) >= 8);
                CHECK(got.matches(sent) + got.bad() == 9);
                CHECK(got.in_place(sent));
            }
        }
    }
}

TEST_CASE("fec/stream_decoder: noise gives no frames, verified by whatever") {
    base::random_source random(61);
    std::vector<std::int8_t> noise(2'000'000);
    for (std::int8_t& value : noise) {
        value = static_cast<std::int8_t>(random.bits() >> 56U);
    }
    reception got;
    for (int kind = 0; kind < 5; ++kind) {
        coding code = long_code(kind < 3 ? code_rate::none : code_rate::r1_2);
        code.reed_solomon = kind == 0 ? rs_code::rs223 : kind == 3 ? rs_code::rs239 : rs_code::none;
        code.rs_interleave = kind == 0 ? 4 : 1;
        code.frame_octets = kind == 3 ? 239 : 892;
        stream_decoder decoder(code, 2, false, kind == 2);
        for (int round = 0; round < (kind < 3 ? 2 : 1); ++round) {
            decoder.push(noise, got.sink());
        }
        decoder.flush(got.sink());
        CHECK_FALSE(decoder.locked());
        CHECK(decoder.statistics().bad_frames == 0);
    }
    CHECK(got.items.empty());
}

TEST_CASE("fec/stream_decoder: dead and saturated input gives no frames") {
    for (const code_rate rate : rates) {
        for (const randomizer random : {randomizer::none, randomizer::pn255}) {
            for (const int value : {0, 127, -127, -128}) {
                coding code = long_code(rate);
                code.pseudo_random = random;
                const std::vector<std::int8_t> soft(25'000, static_cast<std::int8_t>(value));
                for (const modem with : modems) {
                    CHECK(receive(code, with, soft).items.empty());
                }
            }
        }
    }
}

TEST_CASE("fec/stream_decoder: when the signal dies after a frame, what follows is no frame") {
    coding code = long_code(code_rate::r1_2);
    code.pseudo_random = randomizer::none;
    transmission sent(code, modems[1], 3, 0, 67);
    for (const int value : {0, 127, -127}) {
        std::vector<std::int8_t> soft = sent.soft;
        soft.insert(soft.end(), 300'000, static_cast<std::int8_t>(value));
        const reception got = receive(code, modems[1], soft);
        CHECK(got.matches(sent) == 3);
        CHECK(got.items.size() == 3);
    }
}

TEST_CASE("fec/stream_decoder: the size of the pieces pushed makes no difference") {
    for (const code_rate rate : {code_rate::none, code_rate::r3_4}) {
        const coding code = short_code(rate);
        transmission sent(code, modems[1], 20, 77, 71);
        sent.turn(modems[1], 1);
        sent.add_noise(threshold_db(rate) + 1.5);
        const reception whole = receive(code, modems[1], sent.soft, sent.soft.size());
        CHECK(whole.matches(sent) == 20);
        for (const std::size_t piece : {1U, 7U, 1000U}) {
            const reception got = receive(code, modems[1], sent.soft, piece);
            REQUIRE(got.items.size() == whole.items.size());
            for (std::size_t i = 0; i < got.items.size(); ++i) {
                CHECK(got.items[i].octets == whole.items[i].octets);
                CHECK(got.items[i].frame.first_soft_bit == whole.items[i].frame.first_soft_bit);
            }
        }
    }
}

TEST_CASE("fec/stream_decoder: restart decodes all before it and searches anew, counting on") {
    for (const code_rate rate : {code_rate::none, code_rate::r1_2, code_rate::r7_8}) {
        const coding code = long_code(rate);
        stream_decoder decoder(code, 2, false);
        reception got;
        std::size_t pushed = 0;
        for (unsigned pass = 0; pass < 3; ++pass) {
            transmission sent(code, modems[1], 3, 50 * pass, 73 + pass);
            sent.turn(modems[1], pass);
            decoder.push(sent.soft, got.sink());
            decoder.restart(got.sink());
            REQUIRE(got.items.size() == 3 * (pass + 1));
            CHECK_FALSE(decoder.locked());
            for (std::size_t i = 0; i < 3; ++i) {
                const reception::item& one = got.items[3 * pass + i];
                CHECK(one.octets == sent.frames[i]);
                CHECK(one.frame.first_soft_bit ==
                      static_cast<std::int64_t>(pushed) + sent.first_soft[i]);
            }
            pushed += sent.soft.size();
        }
        CHECK(decoder.statistics().good_frames == 9);
        CHECK(decoder.statistics().corrected_frames == 0);
        CHECK(decoder.statistics().channel_bit_errors < pushed / 500);
    }
}

TEST_CASE("fec/stream_decoder: a fade is bridged, and frames before and after it are all found") {
    const coding code = long_code(code_rate::r1_2);
    transmission sent(code, modems[1], 12, 100, 79);
    sent.add_noise(threshold_db(code_rate::r1_2) + 1);
    const std::size_t from = static_cast<std::size_t>(sent.first_soft[4]) + 3000;
    const std::size_t to = static_cast<std::size_t>(sent.first_soft[7]) + 3000;
    for (std::size_t i = from; i < to; ++i) {
        sent.soft[i] =
            static_cast<std::int8_t>(std::clamp(30 * sent.random.gaussian(), -127., 127.));
    }
    const reception got = receive(code, modems[1], sent.soft);
    CHECK(got.matches(sent) == 8);
    CHECK(got.bad() <= 2);
    CHECK(got.in_place(sent));
}

TEST_CASE(
    "fec/stream_decoder: both randomizers, both orders, both codes, any interleave and fill") {
    unsigned seed = 83;
    for (const randomizer random : {randomizer::none, randomizer::pn255, randomizer::pn131071}) {
        for (const derandomize when : {derandomize::before_rs, derandomize::after_rs}) {
            for (unsigned interleave = 1; interleave <= 8; ++interleave) {
                coding code = long_code(code_rate::r1_2);
                code.pseudo_random = random;
                code.derandomize_when = when;
                code.reed_solomon = interleave % 2 != 0 ? rs_code::rs239 : rs_code::rs223;
                code.basis = interleave % 3 != 0 ? rs_basis::dual : rs_basis::conventional;
                code.rs_interleave = interleave;
                code.frame_octets = interleave * 50;
                transmission sent(code, modems[0], 3, 20, ++seed);
                sent.add_noise(4);
                const reception got = receive(code, modems[0], sent.soft);
                CHECK(got.matches(sent) == 3);
                CHECK(got.items.size() == 3);
            }
        }
    }
}

TEST_CASE("fec/stream_decoder: hard decisions and weak amplitudes decode as well") {
    for (const int amplitude : {1, 4, 127}) {
        const coding code = long_code(code_rate::r1_2);
        transmission sent(code, modems[1], 4, 10, 97);
        sent.add_noise(4);
        for (std::int8_t& value : sent.soft) {
            value = static_cast<std::int8_t>(value < 0 ? -amplitude : amplitude);
        }
        CHECK(receive(code, modems[1], sent.soft).matches(sent) == 4);
    }
}
