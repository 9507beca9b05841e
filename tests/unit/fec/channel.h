// SPDX-License-Identifier: MIT
// What the coding tests share: frames, a noisy channel with ambiguities, and a list of what came
// out.
#pragma once

#include "base/random.h"
#include "dsp/fec/puncture.h"
#include "dsp/fec/stream_decoder.h"
#include "dsp/fec/stream_encoder.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace landfall::fec::test {

using octet_list = std::vector<std::uint8_t>;

struct modem {
    unsigned bits_per_symbol = 2;
    bool staggered = false;
};

inline octet_list random_octets(std::size_t count, base::random_source& random) {
    octet_list octets(count);
    for (std::uint8_t& octet : octets) {
        octet = static_cast<std::uint8_t>(random.bits() >> 32U);
    }
    return octets;
}

/// The channel bit that carries the n-th information bit first.
inline std::int64_t channel_place(code_rate rate, std::size_t bit) {
    const puncture_pattern pattern = pattern_of(rate);
    return static_cast<std::int64_t>(bit / pattern.bits * pattern.sent +
                                     pattern.offset[bit % pattern.bits]);
}

/// Frames sent back to back after filler, and their soft bits.
struct transmission {
    std::vector<octet_list> frames;
    std::vector<std::int64_t> first_soft; ///< of each frame
    std::vector<std::int8_t> soft;

    transmission(const coding& code, modem with, std::size_t count, std::size_t filler_bits,
                 std::uint64_t seed = 7)
        : random(seed) {
        stream_encoder encoder(code, with.bits_per_symbol, seed + 1);
        octet_list bits;
        encoder.idle(filler_bits, bits);
        const std::size_t frame_bits = code.marker.bits + 8 * codeblock_octets(code);
        for (std::size_t i = 0; i < count; ++i) {
            frames.push_back(random_octets(code.frame_octets, random));
            first_soft.push_back(
                channel_place(code.convolutional, filler_bits + i * frame_bits + code.marker.bits));
            encoder.frame(frames.back(), bits);
        }
        encoder.flush(bits);
        for (const std::uint8_t bit : bits) {
            soft.push_back(bit != 0 ? -amplitude : amplitude);
        }
    }

    /// Adds noise for an E_s/N_0 given for each channel bit.
    void add_noise(double bit_es_n0_db) {
        const double deviation = std::sqrt(0.5 / std::pow(10, bit_es_n0_db / 10)) * amplitude;
        for (std::int8_t& value : soft) {
            value = static_cast<std::int8_t>(
                std::clamp(std::round(value + deviation * random.gaussian()), -127.0, 127.0));
        }
    }

    /// Loses the first soft bits (whole symbols).
    void lose_start(std::size_t bits) {
        soft.erase(soft.begin(), soft.begin() + static_cast<std::ptrdiff_t>(bits));
        for (std::int64_t& first : first_soft) {
            first -= static_cast<std::int64_t>(bits);
        }
    }

    void invert(std::size_t from, std::size_t step = 1) {
        for (std::size_t i = from; i < soft.size(); i += step) {
            soft[i] = static_cast<std::int8_t>(-soft[i]);
        }
    }

    /// What the receiver gives when its carrier loop stands `quarters` quarter-turns off from soft
    /// bit `from` (an I bit) on; for OQPSK it then pairs other rails, and one bit is lost.
    void turn(modem with, unsigned quarters, std::size_t from = 0) {
        if (with.bits_per_symbol == 1 || quarters == 2) {
            invert(from);
            return;
        }
        if (quarters == 0) {
            return;
        }
        if (with.staggered) {
            soft.erase(soft.begin() + static_cast<std::ptrdiff_t>(from));
            for (std::int64_t& first : first_soft) {
                first -= first >= static_cast<std::int64_t>(from) ? 1 : 0;
            }
            invert(from + (quarters == 1 ? 0 : 1), 2);
            return;
        }
        for (std::size_t i = from; i + 1 < soft.size(); i += 2) {
            const std::int8_t in_phase = soft[i];
            soft[i] = static_cast<std::int8_t>(quarters == 1 ? -soft[i + 1] : soft[i + 1]);
            soft[i + 1] = static_cast<std::int8_t>(quarters == 1 ? in_phase : -in_phase);
        }
    }

    base::random_source random;
    static constexpr std::int8_t amplitude = 32;
};

/// Everything a decoder gave out.
struct reception {
    struct item {
        octet_list octets;
        decoded_frame frame;
    };
    std::vector<item> items;

    auto sink() {
        return [this](const decoded_frame& frame) {
            items.push_back({{frame.octets.begin(), frame.octets.end()}, frame});
        };
    }

    [[nodiscard]] std::size_t bad() const {
        return static_cast<std::size_t>(
            std::ranges::count_if(items, [](const item& one) { return !one.frame.decodable; }));
    }

    /// The decodable frames that were sent, in the order sent; a false one counts for a thousand.
    [[nodiscard]] std::size_t matches(const transmission& sent) const {
        std::size_t next = 0;
        std::size_t found = 0;
        for (const item& one : items) {
            if (!one.frame.decodable) {
                continue;
            }
            const auto begin = sent.frames.begin() + static_cast<std::ptrdiff_t>(next);
            const auto at = std::find(begin, sent.frames.end(), one.octets);
            if (at == sent.frames.end()) {
                found += 1000;
                continue;
            }
            next = static_cast<std::size_t>(at - sent.frames.begin()) + 1;
            ++found;
        }
        return found;
    }

    /// Whether every decodable frame stands where its frame was sent, and none overlap.
    [[nodiscard]] bool in_place(const transmission& sent) const {
        std::int64_t end = 0;
        for (const item& one : items) {
            if (one.frame.first_soft_bit < end || one.frame.end_soft_bit <= end) {
                return false;
            }
            end = one.frame.end_soft_bit;
            const auto at = std::ranges::find(sent.frames, one.octets);
            if (one.frame.decodable &&
                (at == sent.frames.end() ||
                 sent.first_soft[static_cast<std::size_t>(at - sent.frames.begin())] !=
                     one.frame.first_soft_bit)) {
                return false;
            }
        }
        return true;
    }
};

inline reception receive(const coding& code, modem with, std::span<const std::int8_t> soft,
                         std::size_t piece = 4096) {
    stream_decoder decoder(code, with.bits_per_symbol, with.staggered);
    reception got;
    for (std::size_t i = 0; i < soft.size(); i += piece) {
        decoder.push(soft.subspan(i, std::min(piece, soft.size() - i)), got.sink());
    }
    decoder.flush(got.sink());
    return got;
}

/// E_s/N_0 of a channel bit at which the concatenated code (E=16, interleave 5) has a bit error
/// rate of 1e-5.
inline double threshold_db(code_rate rate) {
    const puncture_pattern pattern = pattern_of(rate);
    const double ratio = static_cast<double>(pattern.bits) / static_cast<double>(pattern.sent);
    const double eb_n0_db = rate == code_rate::none   ? 6.5
                            : rate == code_rate::r1_2 ? 2.31
                            : rate == code_rate::r2_3 ? 3.01
                            : rate == code_rate::r3_4 ? 3.57
                            : rate == code_rate::r5_6 ? 4.4
                                                      : 4.97;
    return eb_n0_db + 10 * std::log10(ratio * 223 / 255);
}

} // namespace landfall::fec::test
