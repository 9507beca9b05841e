// SPDX-License-Identifier: MIT
#include "dsp/fec/stream_decoder.h"

#include <algorithm>
#include <cassert>

namespace landfall::fec {
namespace {

constexpr std::size_t piece_bits = 4096;
/// Frame lengths without a good frame, after which the inner decoder is told to look again.
constexpr std::int64_t quiet_frames = 5;

/// Without a convolutional code: what is neither half-turn nor undone by NRZ-M.
std::vector<rail_map> lanes_of(const coding& code, unsigned bits_per_symbol, bool staggered) {
    if (code.convolutional != code_rate::none || bits_per_symbol == 1) {
        return {rail_map::as_received};
    }
    if (!staggered) {
        return {rail_map::as_received, rail_map::quarter_turn};
    }
    // The bits of one rail inverted: NRZ-M on the stream makes all bits inverted of it, and per rail
    // it makes nothing of it.
    if (code.line_code != nrz::l) {
        return {rail_map::as_received};
    }
    return {rail_map::as_received, rail_map::i_negated};
}

} // namespace

stream_decoder::stream_decoder(const coding& code, unsigned bits_per_symbol, bool staggered,
                               bool crc_check)
    : codeblock_(code, crc_check), bits_per_symbol_(bits_per_symbol) {
    assert(bits_per_symbol == 1 || bits_per_symbol == 2);
    const std::vector<rail_map> maps = lanes_of(code, bits_per_symbol, staggered);
    lanes_.reserve(maps.size());
    for (const rail_map map : maps) {
        lanes_.emplace_back(map, nrz_lag_bits(code.line_code, bits_per_symbol), code, codeblock_);
    }
    if (code.convolutional != code_rate::none) {
        inner_.emplace(code, bits_per_symbol, staggered);
    }
    bits_.reserve(2 * piece_bits);
    mapped_.resize(piece_bits);
    odd_.reserve(2);
    held_octets_.reserve(code.frame_octets);
}

void stream_decoder::push(std::span<const std::int8_t> soft, frame_sink sink) {
    if (inner_) {
        push_coded(soft, sink);
    } else {
        push_plain(soft, sink);
    }
}

void stream_decoder::push_coded(std::span<const std::int8_t> soft, const frame_sink& sink) {
    lane& only = lanes_.front();
    const std::uint64_t good_before = counted_.good_frames;
    std::int64_t bits_before = only.sync.bits_since_good();
    inner_->push(soft, [&](std::span<const std::uint8_t> bits, std::int64_t first_soft) {
        bits_.assign(bits.begin(), bits.end());
        pass_on(only, bits_, first_soft, sink);
    });
    pushed_ += static_cast<std::int64_t>(soft.size());
    if (counted_.good_frames != good_before) {
        inner_->confirm();
        quiet_bits_ = 0;
        return;
    }
    quiet_bits_ += only.sync.bits_since_good() - bits_before;
    if (quiet_bits_ > quiet_frames * static_cast<std::int64_t>(only.sync.frame_bits())) {
        quiet_bits_ = 0;
        inner_->doubt();
    }
}

void stream_decoder::push_plain(std::span<const std::int8_t> soft, const frame_sink& sink) {
    if (!odd_.empty() && !soft.empty()) {
        odd_.push_back(soft.front());
        soft = soft.subspan(1);
        decide(odd_, sink);
        odd_.clear();
    }
    if (bits_per_symbol_ == 2 && soft.size() % 2 != 0) {
        odd_.push_back(soft.back());
        soft = soft.first(soft.size() - 1);
    }
    while (!soft.empty()) {
        const auto piece = soft.first(std::min(soft.size(), piece_bits));
        decide(piece, sink);
        soft = soft.subspan(piece.size());
    }
}

/// Hard decisions, in every lane.
void stream_decoder::decide(std::span<const std::int8_t> symbols, const frame_sink& sink) {
    for (lane& one : lanes_) {
        map_rails(one.map, symbols, mapped_.data());
        bits_.resize(symbols.size());
        for (std::size_t i = 0; i < symbols.size(); ++i) {
            bits_[i] = mapped_[i] < 0 ? 1 : 0;
        }
        pass_on(one, bits_, pushed_, sink);
    }
    pushed_ += static_cast<std::int64_t>(symbols.size());
}

void stream_decoder::pass_on(lane& to, std::span<std::uint8_t> bits, std::int64_t first_soft,
                             const frame_sink& sink) {
    to.nrz.decode(bits);
    to.sync.push(bits, first_soft,
                 [&](const decoded_frame& frame) { take(to, frame, sink); });
}

/// Lets frames of all lanes through in order; an undecodable one only of the leading lane, and only
/// when no good one overlaps it.
void stream_decoder::take(const lane& from, const decoded_frame& frame, const frame_sink& sink) {
    decoded_frame clipped = frame;
    clipped.first_soft_bit = std::max(frame.first_soft_bit, origin_);
    if (clipped.first_soft_bit < given_ && lanes_.size() > 1) {
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
    if (inner_) {
        inner_->flush([&](std::span<const std::uint8_t> bits, std::int64_t first_soft) {
            bits_.assign(bits.begin(), bits.end());
            pass_on(lanes_.front(), bits_, first_soft, sink);
        });
    }
    for (lane& one : lanes_) {
        one.sync.flush([&](const decoded_frame& frame) { take(one, frame, sink); });
        one.nrz.reset();
    }
    pushed_ += static_cast<std::int64_t>(odd_.size());
    odd_.clear();
    origin_ = pushed_;
    release(pushed_, sink);
    holds_ = false;
    leader_ = nullptr;
    quiet_bits_ = 0;
}

bool stream_decoder::locked() const noexcept {
    return std::ranges::any_of(lanes_, [](const lane& one) { return one.sync.locked(); });
}

stream_statistics stream_decoder::statistics() const noexcept {
    stream_statistics all = counted_;
    for (const lane& one : lanes_) {
        all.sync_losses += one.sync.losses();
    }
    if (inner_) {
        all.channel_bits = inner_->statistics().channel_bits;
        all.channel_bit_errors = inner_->statistics().channel_bit_errors;
        all.hypothesis_switches = inner_->statistics().switches;
    }
    return all;
}

} // namespace landfall::fec
