// SPDX-License-Identifier: MIT
#include "dsp/fec/stream_decoder.h"

#include <algorithm>
#include <cassert>

namespace landfall::fec {
namespace {

constexpr std::size_t piece_bits = 4092; // whole symbols, of one, two or three bits
/// Frame lengths without a good frame, after which the inner decoder is told to look again.
constexpr std::int64_t quiet_frames = 5;

/// Soft bits by which frames seem to overlap at a slip, at most; more is another lane's same frame.
constexpr std::int64_t overlap_bits = 64;

using map_list = std::vector<rail_map>;

/// One rail inverted is a codeword of these codes: only frames tell the difference.
bool hides_rail_inversion(const coding& code) noexcept {
    return code.convolutional == code_rate::r5_6 ||
           (code.convolutional == code_rate::r3_4 && code.c2_first);
}

/// The lanes of 8PSK. To punctured codes a half-turn, which inverts two bits of three, can look
/// like other data: the two halves of the circle are followed apart.
std::vector<map_list> psk8_lanes(code_rate rate) {
    const map_list half{rail_map::as_received, rail_map::eighth_turn, rail_map::two_eighths,
                        rail_map::three_eighths};
    const map_list other{rail_map::four_eighths, rail_map::five_eighths, rail_map::six_eighths,
                         rail_map::seven_eighths};
    if (rate == code_rate::r1_2) {
        map_list all = half;
        all.insert(all.end(), other.begin(), other.end());
        return {all};
    }
    if (rate != code_rate::none) {
        return {half, other};
    }
    std::vector<map_list> lanes;
    for (const map_list& maps : {half, other}) {
        for (const rail_map one : maps) {
            lanes.push_back({one});
        }
    }
    return lanes;
}

/// The lanes, and what each may try; half-turns are left to the code and the sync marker.
std::vector<map_list> lanes_of(const coding& code, unsigned bits_per_symbol, bool staggered) {
    // At rate 1/2 the polarity of C2 is found as well: sources disagree on it for many missions,
    // and a mirrored spectrum of QPSK looks the same. OQPSK's two maps have it in their code
    // phases.
    const bool any_polarity = code.convolutional == code_rate::r1_2;
    if (bits_per_symbol == 3) {
        return psk8_lanes(code.convolutional);
    }
    if (bits_per_symbol == 1) {
        return any_polarity ? std::vector<map_list>{{rail_map::as_received, rail_map::i_negated}}
                            : std::vector<map_list>{{rail_map::as_received}};
    }
    if (any_polarity && !staggered) {
        return {{rail_map::as_received, rail_map::quarter_turn, rail_map::i_negated,
                 rail_map::swapped}};
    }
    const rail_map turned = staggered ? rail_map::i_negated : rail_map::quarter_turn;
    if (code.convolutional != code_rate::none) {
        if (staggered && hides_rail_inversion(code)) {
            return {{rail_map::as_received}, {turned}};
        }
        return {{rail_map::as_received, turned}};
    }
    // NRZ-M on the stream makes all bits inverted of one inverted rail, and per rail nothing.
    if (staggered && code.line_code != nrz::l) {
        return {{rail_map::as_received}};
    }
    return {{rail_map::as_received}, {turned}};
}

} // namespace

stream_decoder::lane::lane(std::span<const rail_map> maps, unsigned nrz_lag, const coding& code,
                           codeblock_decoder& decoder, std::size_t delay_bits)
    : map(maps.front()), nrz(nrz_lag), sync(code, decoder), markers(code.marker),
      doubt_at_bits(quiet_frames * static_cast<std::int64_t>(sync.frame_bits())) {
    if (code.convolutional != code_rate::none) {
        inner.emplace(code, maps, delay_bits);
    }
}

stream_decoder::stream_decoder(const coding& code, unsigned bits_per_symbol, bool staggered,
                               bool crc_check, std::size_t delay_bits)
    : codeblock_(std::make_unique<codeblock_decoder>(code, crc_check)),
      bits_per_symbol_(bits_per_symbol) {
    assert(bits_per_symbol >= 1 && bits_per_symbol <= 3);
    const std::vector<map_list> plans = lanes_of(code, bits_per_symbol, staggered);
    lanes_.reserve(plans.size());
    for (const map_list& maps : plans) {
        lanes_.emplace_back(maps, nrz_lag_bits(code.line_code, bits_per_symbol), code, *codeblock_,
                            delay_bits);
    }
    bits_.reserve(2 * piece_bits);
    mapped_.resize(piece_bits);
    odd_.reserve(3);
    held_octets_.reserve(code.frame_octets);
}

void stream_decoder::push(std::span<const std::int8_t> soft, frame_sink sink) {
    while (!odd_.empty() && !soft.empty()) {
        odd_.push_back(soft.front());
        soft = soft.subspan(1);
        if (odd_.size() == bits_per_symbol_) {
            decode(odd_, sink);
            odd_.clear();
        }
    }
    const std::size_t rest = soft.size() % bits_per_symbol_;
    odd_.insert(odd_.end(), soft.end() - static_cast<std::ptrdiff_t>(rest), soft.end());
    soft = soft.first(soft.size() - rest);
    while (!soft.empty()) {
        const auto piece = soft.first(std::min(soft.size(), piece_bits));
        decode(piece, sink);
        soft = soft.subspan(piece.size());
    }
}

/// Takes whole symbols, through all lanes.
void stream_decoder::decode(std::span<const std::int8_t> symbols, const frame_sink& sink) {
    for (lane& one : lanes_) {
        if (!one.inner) {
            decide(one, symbols, sink);
            continue;
        }
        one.inner->push(symbols, [&](std::span<const std::uint8_t> bits, std::int64_t first_soft) {
            bits_.assign(bits.begin(), bits.end());
            pass_on(one, first_soft, sink);
            advise(one);
        });
    }
    pushed_ += static_cast<std::int64_t>(symbols.size());
}

/// Hard decisions, where there is no convolutional code.
void stream_decoder::decide(lane& in, std::span<const std::int8_t> symbols,
                            const frame_sink& sink) {
    map_rails(in.map, symbols, mapped_.data());
    bits_.resize(symbols.size());
    for (std::size_t i = 0; i < symbols.size(); ++i) {
        bits_[i] = mapped_[i] < 0 ? 1 : 0;
    }
    pass_on(in, pushed_, sink);
}

/// Tells the inner decoder what came of its bits.
void stream_decoder::advise(lane& in) noexcept {
    const std::int64_t quiet = in.sync.bits_since_good();
    const std::int64_t limit = quiet_frames * static_cast<std::int64_t>(in.sync.frame_bits());
    if (quiet < in.good_before) {
        in.inner->confirm();
        in.doubt_at_bits = limit;
    } else if (quiet >= in.doubt_at_bits) {
        in.inner->doubt();
        in.doubt_at_bits += limit;
    }
    in.good_before = quiet;
}

void stream_decoder::pass_on(lane& to, std::int64_t first_soft, const frame_sink& sink) {
    to.nrz.decode(bits_);
    if (counted_.good_frames == 0) {
        to.markers.push(bits_);
    }
    to.sync.push(bits_, first_soft, [&](const decoded_frame& frame) { take(to, frame, sink); });
}

/// Lets frames of all lanes through in order; an undecodable one only of the leading lane, and only
/// when no good one overlaps it.
void stream_decoder::take(const lane& from, const decoded_frame& frame, const frame_sink& sink) {
    decoded_frame clipped = frame;
    clipped.first_soft_bit = std::max({frame.first_soft_bit, origin_, given_});
    if (clipped.first_soft_bit > frame.first_soft_bit + overlap_bits ||
        clipped.first_soft_bit >= frame.end_soft_bit) {
        return;
    }
    if (frame.decodable) {
        leader_ = &from;
        release(clipped.first_soft_bit, sink);
        holds_ = false;
        give(clipped, sink);
    } else if (lanes_.size() == 1) {
        give(clipped, sink);
    } else if (leader_ == &from) {
        release(clipped.first_soft_bit, sink);
        hold(clipped);
    }
}

void stream_decoder::hold(const decoded_frame& frame) {
    held_ = frame;
    held_octets_.assign(frame.octets.begin(), frame.octets.end());
    held_.octets = held_octets_;
    holds_ = true;
}

void stream_decoder::release(std::int64_t before, const frame_sink& sink) {
    if (holds_ && held_.end_soft_bit <= before) {
        holds_ = false;
        give(held_, sink);
    }
}

void stream_decoder::give(const decoded_frame& frame, const frame_sink& sink) {
    given_ = frame.end_soft_bit;
    if (frame.decodable) {
        ++counted_.good_frames;
        counted_.corrected_frames += frame.corrected_symbols != 0 ? 1 : 0;
        counted_.corrected_symbols += frame.corrected_symbols;
    } else {
        ++counted_.bad_frames;
    }
    sink(frame);
}

void stream_decoder::restart(frame_sink sink) {
    for (lane& one : lanes_) {
        if (one.inner) {
            one.inner->flush([&](std::span<const std::uint8_t> bits, std::int64_t first_soft) {
                bits_.assign(bits.begin(), bits.end());
                pass_on(one, first_soft, sink);
            });
        }
        one.sync.flush([&](const decoded_frame& frame) { take(one, frame, sink); });
        one.nrz.reset();
        one.good_before = 0;
        one.doubt_at_bits = quiet_frames * static_cast<std::int64_t>(one.sync.frame_bits());
    }
    pushed_ += static_cast<std::int64_t>(odd_.size());
    odd_.clear();
    origin_ = pushed_;
    release(pushed_, sink);
    holds_ = false;
    leader_ = nullptr;
}

bool stream_decoder::locked() const noexcept {
    return std::ranges::any_of(lanes_, [](const lane& one) { return one.sync.locked(); });
}

stream_statistics stream_decoder::statistics() const noexcept {
    stream_statistics all = counted_;
    for (const lane& one : lanes_) {
        all.sync_losses += one.sync.losses();
        all.code_found = all.code_found || !one.inner || one.inner->statistics().found;
        const std::int64_t spacing = one.markers.spacing_bits();
        const auto expected = static_cast<std::int64_t>(one.sync.frame_bits());
        if (all.marker_spacing_bits == 0 || spacing == expected) {
            all.marker_spacing_bits = spacing;
        }
        if (one.inner && (&one == leader_ || all.channel_bits == 0)) {
            all.channel_bits = one.inner->statistics().channel_bits;
            all.channel_bit_errors = one.inner->statistics().channel_bit_errors;
            all.hypothesis_switches = one.inner->statistics().switches;
        }
    }
    return all;
}

} // namespace landfall::fec
