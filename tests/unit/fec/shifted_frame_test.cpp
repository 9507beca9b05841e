// SPDX-License-Identifier: MIT
// Reed-Solomon words without virtual fill are cyclic, their complements are words too, and the
// random sequence does not change that: blocks cut a few octets beside a frame, or broken by a
// slip, may be decodable. None may be given out.
#include "channel.h"
#include "dsp/fec/nrz.h"

#include <doctest/doctest.h>

#include <array>

using namespace landfall;
using namespace landfall::fec;
using fec::test::modem;
using fec::test::octet_list;
using fec::test::reception;
using fec::test::transmission;

namespace {

constexpr modem bpsk{1, false};

coding full_code(rs_code kind, unsigned interleave, nrz line_code = nrz::l) {
    coding code;
    code.convolutional = code_rate::none;
    code.reed_solomon = kind;
    code.rs_interleave = interleave;
    code.frame_octets = (255 - rs_parity_octets(kind)) * interleave;
    code.line_code = line_code;
    return code;
}

struct plant {
    std::int64_t offset_bits = 0; ///< from a true marker
    unsigned errors = 0;
    bool inverted = false;
};

/// Writes a marker beside that of a frame.
void put_marker(transmission& sent, const coding& code, std::size_t frame, plant what) {
    octet_list bits;
    for (const std::int8_t value : sent.soft) {
        bits.push_back(value < 0 ? 1 : 0);
    }
    const unsigned lag = nrz_lag_bits(code.line_code, 1);
    nrz_coder(lag).decode(bits);
    const auto at =
        static_cast<std::size_t>(sent.first_soft[frame] - code.marker.bits + what.offset_bits);
    for (unsigned i = 0; i < code.marker.bits; ++i) {
        const bool wrong = i % 6 == 1 && i / 6 < what.errors;
        const std::uint64_t bit = code.marker.value >> (code.marker.bits - 1 - i) & 1U;
        bits[at + i] = static_cast<std::uint8_t>(bit ^ (wrong != what.inverted ? 1U : 0U));
    }
    nrz_coder(lag).encode(bits);
    for (std::size_t i = 0; i < bits.size(); ++i) {
        sent.soft[i] = bits[i] != 0 ? -transmission::amplitude : transmission::amplitude;
    }
}

void check_all(const transmission& sent, const coding& code) {
    const reception got = test::receive(code, bpsk, sent.soft);
    CHECK(got.matches(sent) == sent.frames.size());
    CHECK(got.items.size() == sent.frames.size());
    CHECK(got.in_place(sent));
}

void check_no_false(const transmission& sent, const coding& code, std::size_t wanted) {
    const reception got = test::receive(code, bpsk, sent.soft);
    CHECK(got.matches(sent) >= wanted);
    CHECK(got.matches(sent) <= sent.frames.size());
    CHECK(got.matches(sent) + got.bad() <= sent.frames.size());
}

} // namespace

TEST_CASE("fec/shifted_frame: a false marker beside the first frame's costs nothing") {
    for (const rs_code kind : {rs_code::rs223, rs_code::rs239}) {
        const std::int64_t most = kind == rs_code::rs223 ? 16 : 8;
        for (const unsigned interleave : {1U, 4U, 5U}) {
            for (const nrz line_code : {nrz::l, nrz::m}) {
                const coding code = full_code(kind, interleave, line_code);
                const transmission clean(code, bpsk, 3, 1200, interleave);
                for (const std::int64_t symbols :
                     {-most, -10 * most / 16, std::int64_t{-1}, std::int64_t{4}, most}) {
                    const std::int64_t offset = symbols * 8 * interleave;
                    for (const unsigned errors : {0U, 3U, 5U}) {
                        for (const bool inverted : {false, true}) {
                            CAPTURE(most);
                            CAPTURE(interleave);
                            CAPTURE(static_cast<int>(line_code));
                            CAPTURE(symbols);
                            CAPTURE(errors);
                            CAPTURE(inverted);
                            transmission sent = clean;
                            put_marker(sent, code, 0, {offset, errors, inverted});
                            if (kind == rs_code::rs239 && interleave == 1 && symbols > 0) {
                                check_no_false(sent, code, 2); // five symbols are hit, or not
                            } else {
                                check_all(sent, code);
                            }
                        }
                    }
                }
            }
        }
    }
}

TEST_CASE("fec/shifted_frame: every place of a false marker, for each single codeword") {
    const coding code = full_code(rs_code::rs223, 1);
    const transmission clean(code, bpsk, 2, 1200, 3);
    for (std::int64_t offset = -17 * 8; offset <= 17 * 8; offset += offset % 8 == 0 ? 3 : 5) {
        CAPTURE(offset);
        transmission sent = clean;
        put_marker(sent, code, 0, {offset, 0, offset % 16 == 0});
        if (offset >= 0 && offset < 32) {
            check_no_false(sent, code, 1); // as if the polarity turned, or an octet slipped, there
        } else {
            check_all(sent, code);
        }
    }
}

TEST_CASE("fec/shifted_frame: a false marker does not mislead where only one frame was sent") {
    for (const unsigned interleave : {1U, 4U}) {
        const coding code = full_code(rs_code::rs223, interleave);
        const transmission clean(code, bpsk, 1, 1200, 5 + interleave);
        for (const std::int64_t octets : {-16, -12, -8, -4, 8, 16}) {
            for (const bool inverted : {false, true}) {
                CAPTURE(interleave);
                CAPTURE(octets);
                CAPTURE(inverted);
                transmission sent = clean;
                put_marker(sent, code, 0, {octets * 8, 2, inverted});
                check_all(sent, code);
                if (octets > 0) {
                    continue;
                }
                for (std::int64_t i = -32; i < 0; ++i) { // its own marker is lost as well
                    sent.soft[static_cast<std::size_t>(sent.first_soft[0] + i)] =
                        sent.random.bit() ? 32 : -32;
                }
                check_no_false(sent, code, 0);
            }
        }
    }
}

TEST_CASE("fec/shifted_frame: false markers at frame distance, in frames not randomised") {
    coding code = full_code(rs_code::rs223, 4);
    code.pseudo_random = randomizer::none;
    for (const std::int64_t octets : {-24, 40}) {
        transmission sent(code, bpsk, 4, 1200, 7);
        for (std::size_t frame = 0; frame < 4; ++frame) {
            put_marker(sent, code, frame, {octets * 8, 0, false});
        }
        check_all(sent, code);
    }
}

TEST_CASE("fec/shifted_frame: after slips of whole octets anywhere in a frame no false ones come") {
    for (const unsigned interleave : {1U, 4U}) {
        const coding code = full_code(rs_code::rs223, interleave);
        const std::int64_t block_bits = 8 * static_cast<std::int64_t>(codeblock_octets(code));
        for (const std::int64_t octets : {-16, -4, -1, 1, 2, 4, 16}) {
            for (const double where : {0.0, 0.002, 0.01, 0.05, 0.5, 0.95, 0.99, 0.999, 1.0}) {
                CAPTURE(interleave);
                CAPTURE(octets);
                CAPTURE(where);
                transmission sent(code, bpsk, 6, 50, 11);
                const auto at =
                    sent.soft.begin() + sent.first_soft[2] +
                    static_cast<std::ptrdiff_t>(where * static_cast<double>(block_bits));
                if (octets < 0) {
                    sent.soft.erase(at, at - 8 * octets);
                } else {
                    sent.soft.insert(at, static_cast<std::size_t>(8 * octets), 32);
                }
                check_no_false(sent, code, octets < -4 ? 4 : 5);
            }
        }
    }
}

TEST_CASE("fec/shifted_frame: a polarity turned anywhere in a frame gives no complement") {
    const coding code = full_code(rs_code::rs223, 4);
    for (const std::size_t frame : {0U, 2U, 4U}) {
        for (const std::int64_t bit : {0, 40, 100, 400, 600, 4000, 7560, 7800, 8100, 8160}) {
            CAPTURE(frame);
            CAPTURE(bit);
            transmission sent(code, bpsk, 6, 50, 13);
            sent.invert(static_cast<std::size_t>(sent.first_soft[frame] + bit));
            check_no_false(sent, code, 5);
        }
    }
}

TEST_CASE(
    "fec/shifted_frame: a burst of errors over a frame's first or last symbols is corrected") {
    const coding code = full_code(rs_code::rs223, 4);
    const std::int64_t block_bits = 8 * static_cast<std::int64_t>(codeblock_octets(code));
    for (const std::size_t frame : {0U, 2U, 3U}) {
        for (const std::int64_t from : {std::int64_t{-32}, std::int64_t{0}, block_bits - 400}) {
            for (const bool inverted : {false, true}) {
                CAPTURE(frame);
                CAPTURE(from);
                transmission sent(code, bpsk, 4, 50, 17 + frame);
                for (std::int64_t i = 0; i < 400; ++i) {
                    sent.soft[static_cast<std::size_t>(sent.first_soft[frame] + from + i)] =
                        sent.random.bit() ? 32 : -32;
                }
                if (inverted) {
                    sent.invert(0);
                }
                // Without the marker after it, damage to the last one's head leaves it in doubt.
                if (frame == 3 && from <= 0) {
                    check_no_false(sent, code, 3);
                } else {
                    check_all(sent, code);
                }
            }
        }
    }
}
