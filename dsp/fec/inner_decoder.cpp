// SPDX-License-Identifier: MIT
#include "dsp/fec/inner_decoder.h"

#include "dsp/fec/convolutional.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdlib>

namespace landfall::fec {
namespace {

constexpr std::size_t history_bits = constraint_length_bits - 1;
/// A change must gain this many standard deviations, estimated as if bits disagreed independently.
/// Measured: between wrong hypotheses that is twice to four times too much, and 1 dB below the
/// code's threshold the right one is better by 4.2 (5/6) to 5.1 (1/2) after one chunk.
constexpr double clear_deviations = 3.5;
constexpr double tie_deviations = 2;
/// Above this part of a wrong hypothesis' loss, the loss alone does not tell right from wrong.
constexpr double useless_reference = 0.9;

struct rate_plan {
    std::size_t sub_periods;  ///< some 32 information bits
    std::size_t overlap_bits; ///< decoded and thrown away on either side
    double wrong_loss;        ///< measured near the code's threshold; the right one has half of it
};

rate_plan plan_of(code_rate rate) noexcept {
    switch (rate) {
    case code_rate::r2_3:
        return {16, 128, 0.040};
    case code_rate::r3_4:
        return {12, 144, 0.0265};
    case code_rate::r5_6:
        return {10, 200, 0.0152};
    case code_rate::r7_8:
        return {8, 224, 0.0105};
    case code_rate::none:
    case code_rate::r1_2:
        break;
    }
    return {32, 96, 0.085};
}

std::size_t step_count(const puncture_pattern& pattern, const rate_plan& plan) noexcept {
    const std::size_t overlap = (plan.overlap_bits + pattern.bits - 1) / pattern.bits;
    return (64 * plan.sub_periods + 2 * overlap) * pattern.bits;
}

} // namespace

inner_decoder::inner_decoder(const coding& code, std::span<const rail_map> maps)
    : pattern_(pattern_of(code.convolutional)),
      sub_periods_(plan_of(code.convolutional).sub_periods),
      sub_soft_(sub_periods_ * pattern_.sent),
      overlap_periods_((plan_of(code.convolutional).overlap_bits + pattern_.bits - 1) /
                       pattern_.bits),
      wrong_loss_(plan_of(code.convolutional).wrong_loss), maps_(maps.begin(), maps.end()),
      hypotheses_(maps.size() * pattern_.sent),
      viterbi_(step_count(pattern_, plan_of(code.convolutional))) {
    assert(code.convolutional != code_rate::none && !maps.empty());
    std::size_t sent = 0;
    for (std::size_t i = 0; i < pattern_.bits; ++i) {
        const auto put = [&](bool second) {
            slot_[sent] = static_cast<std::uint8_t>(2 * i + (second ? 1 : 0));
            flipped_[sent++] = second && code.c2_inverted;
        };
        if (pattern_.sends_c2(i) && code.c2_first) {
            put(true);
        }
        if (pattern_.sends_c1(i)) {
            put(false);
        }
        if (pattern_.sends_c2(i) && !code.c2_first) {
            put(true);
        }
    }
    const std::size_t periods = sub_blocks * sub_periods_ + 2 * overlap_periods_;
    channel_.resize(periods * pattern_.sent);
    mapped_.resize(channel_.size() + 2);
    pairs_.resize(2 * periods * pattern_.bits);
    scratch_.resize(history_bits + sub_blocks * sub_periods_ * pattern_.bits);
    soft_.reserve(8 * sub_blocks * sub_soft_);
    for (std::vector<decoded_chunk>& chunk : chunks_) {
        chunk.resize(hypotheses_);
        for (decoded_chunk& one : chunk) {
            one.bits.resize(sub_blocks * sub_periods_ * pattern_.bits);
        }
    }
}

/// Phase p's periods begin p - (n - 1) channel bits into a chunk, so that none is lost at the
/// start.
std::int64_t inner_decoder::first_period(std::size_t hypothesis,
                                         std::int64_t chunk) const noexcept {
    return chunk + static_cast<std::int64_t>(hypothesis % pattern_.sent) -
           static_cast<std::int64_t>(pattern_.sent - 1);
}

/// Fills `channel_` with mapped soft bits from index `first` on; erasures where there are none.
void inner_decoder::gather(rail_map map, std::int64_t first, std::size_t count) noexcept {
    const std::int64_t end = buffer_at_ + static_cast<std::int64_t>(soft_.size());
    const std::int64_t from = std::max(first, buffer_at_) & ~std::int64_t{1}; // an I bit
    const std::int64_t to = std::min(
        (first + static_cast<std::int64_t>(count) + 1) & ~std::int64_t{1}, end & ~std::int64_t{1});
    std::fill_n(channel_.begin(), count, std::int8_t{0});
    if (map == rail_map::as_received) {
        for (std::int64_t i = std::max(first, buffer_at_);
             i < std::min(first + static_cast<std::int64_t>(count), end); ++i) {
            channel_[static_cast<std::size_t>(i - first)] =
                soft_[static_cast<std::size_t>(i - buffer_at_)];
        }
        return;
    }
    if (from >= to) {
        return;
    }
    const auto length = static_cast<std::size_t>(to - from);
    map_rails(map, std::span(soft_).subspan(static_cast<std::size_t>(from - buffer_at_), length),
              mapped_.data());
    for (std::int64_t i = std::max(first, from);
         i < std::min(first + static_cast<std::int64_t>(count), to); ++i) {
        channel_[static_cast<std::size_t>(i - first)] = mapped_[static_cast<std::size_t>(i - from)];
    }
}

const inner_decoder::decoded_chunk& inner_decoder::decoded(std::size_t hypothesis,
                                                           std::size_t chunk) noexcept {
    decoded_chunk& out = chunks_[chunk][hypothesis];
    if (out.valid) {
        return out;
    }
    const std::size_t sent = pattern_.sent;
    const std::int64_t start = chunk_at_ + static_cast<std::int64_t>(chunk) * chunk_soft();
    gather(maps_[hypothesis / sent],
           first_period(hypothesis, start) - static_cast<std::int64_t>(overlap_periods_ * sent),
           channel_.size());
    std::ranges::fill(pairs_, std::int8_t{0});
    for (std::size_t i = 0, pair = 0; i < channel_.size(); i += sent, pair += 2 * pattern_.bits) {
        for (std::size_t j = 0; j < sent; ++j) {
            const std::int8_t value = std::max<std::int8_t>(channel_[i + j], -127);
            channel_[i + j] = flipped_[j] ? static_cast<std::int8_t>(-value) : value;
            pairs_[pair + slot_[j]] = channel_[i + j];
        }
    }
    viterbi_.decode(pairs_, overlap_periods_ * pattern_.bits - history_bits, scratch_);
    std::copy(scratch_.begin() + history_bits, scratch_.end(), out.bits.begin());
    score(out, overlap_periods_ * sent);
    out.valid = true;
    return out;
}

/// Encodes `scratch_` again and compares with `channel_` from `first_soft` on.
void inner_decoder::score(decoded_chunk& out, std::size_t first_soft) noexcept {
    unsigned shift = 0;
    for (std::size_t i = 0; i < history_bits; ++i) {
        shift = shift << 1U | scratch_[i];
    }
    std::size_t bit = history_bits;
    std::size_t place = first_soft;
    for (sub_score& sub : out.score) {
        sub = {};
        for (std::size_t period = 0; period < sub_periods_; ++period) {
            std::array<std::uint8_t, 14> coded{};
            for (std::size_t i = 0; i < pattern_.bits; ++i) {
                shift = (shift << 1U | scratch_[bit++]) & 0x7FU;
                coded[2 * i] = coded_pair[shift] & 1U;
                coded[2 * i + 1] = coded_pair[shift] >> 1U;
            }
            for (std::size_t j = 0; j < pattern_.sent; ++j) {
                const int value = channel_[place++];
                const auto size = static_cast<std::uint32_t>(std::abs(value));
                const bool wrong = coded[slot_[j]] != 0 ? value > 0 : value < 0;
                sub.weight += size;
                sub.bits = static_cast<std::uint16_t>(sub.bits + (size != 0 ? 1 : 0));
                if (wrong) {
                    sub.loss += size;
                    sub.square += size * size;
                    ++sub.errors;
                }
            }
        }
    }
}

const inner_decoder::sub_score& inner_decoder::score_at(std::size_t hypothesis,
                                                        std::size_t place) noexcept {
    return decoded(hypothesis, place / sub_blocks).score[place % sub_blocks];
}

/// Of the current hypothesis over the first chunks of the window.
double inner_decoder::loss_ratio(std::size_t chunks) noexcept {
    double loss = 0;
    double weight = 0;
    for (std::size_t place = 0; place < chunks * sub_blocks; ++place) {
        const sub_score& sub = score_at(static_cast<std::size_t>(current_), place);
        loss += sub.loss;
        weight += sub.weight;
    }
    return weight > 0 ? loss / weight : 0;
}

/// Whether some quarter chunk of the window looks as if the hypothesis were wrong there.
bool inner_decoder::dropped() noexcept {
    constexpr std::size_t span = sub_blocks / 4;
    const double limit = 0.5 * (reference_loss_ + wrong_loss_);
    double loss = 0;
    double weight = 0;
    for (std::size_t place = 0; place < 2 * sub_blocks; ++place) {
        const sub_score& entering = score_at(static_cast<std::size_t>(current_), place);
        loss += entering.loss;
        weight += entering.weight;
        if (place >= span) {
            const sub_score& leaving = score_at(static_cast<std::size_t>(current_), place - span);
            loss -= leaving.loss;
            weight -= leaving.weight;
        }
        if (place + 1 >= span && loss > limit * weight) {
            return true;
        }
    }
    return false;
}

/// The change to another hypothesis, for all the rest of the window, that gains most.
inner_decoder::change inner_decoder::best_change() noexcept {
    change best;
    for (std::size_t other = 0; other < hypotheses_; ++other) {
        if (static_cast<int>(other) == current_) {
            continue;
        }
        double gain = 0;
        double square = 0;
        for (std::size_t place = 2 * sub_blocks; place-- > 0;) {
            const sub_score& mine = score_at(static_cast<std::size_t>(current_), place);
            const sub_score& its = score_at(other, place);
            gain += static_cast<double>(mine.loss) - static_cast<double>(its.loss);
            square += static_cast<double>(mine.square) + static_cast<double>(its.square);
            if (gain > best.gain) {
                best = {static_cast<int>(other), place, gain,
                        gain > clear_deviations * std::sqrt(square)};
            }
        }
    }
    return best;
}

/// The hypothesis that fits the whole window best beside the current one, if about as well.
/// Settles meanwhile whether the current one is clearly best.
int inner_decoder::rival() noexcept {
    int best = -1;
    double least = 0;
    confirmed_ = true;
    for (std::size_t other = 0; other < hypotheses_; ++other) {
        if (static_cast<int>(other) == current_) {
            continue;
        }
        double behind = 0;
        double square = 0;
        for (std::size_t place = 0; place < 2 * sub_blocks; ++place) {
            const sub_score& mine = score_at(static_cast<std::size_t>(current_), place);
            const sub_score& its = score_at(other, place);
            behind += static_cast<double>(its.loss) - static_cast<double>(mine.loss);
            square += static_cast<double>(mine.square) + static_cast<double>(its.square);
        }
        const double deviation = std::sqrt(square);
        confirmed_ = confirmed_ && behind > clear_deviations * deviation && behind > 0;
        if (behind <= tie_deviations * deviation && (best < 0 || behind < least)) {
            best = static_cast<int>(other);
            least = behind;
        }
    }
    return best;
}

void inner_decoder::choose_first() noexcept {
    double least = 0;
    for (std::size_t one = 0; one < hypotheses_; ++one) {
        double loss = 0;
        for (std::size_t place = 0; place < 2 * sub_blocks; ++place) {
            loss += score_at(one, place).loss;
        }
        if (current_ < 0 || loss < least) {
            current_ = static_cast<int>(one);
            least = loss;
        }
    }
}

/// Judges the window: sets `after_`, and returns the sub-block of the first chunk from which it
/// holds (`sub_blocks` when nothing changes there).
std::size_t inner_decoder::judge() noexcept {
    if (current_ < 0) {
        choose_first();
    }
    const bool useless = reference_loss_ > useless_reference * wrong_loss_;
    if (confirmed_ && !useless && !dropped()) {
        reference_loss_ += (loss_ratio(1) - reference_loss_) / 16;
        return sub_blocks;
    }
    const change found = best_change();
    if (found.clear) {
        confirmed_ = false;
        if (found.place >= sub_blocks) {
            return sub_blocks; // the next window sees more of it
        }
        doubted_ = false;
        after_ = found.hypothesis;
        return found.place;
    }
    const int other = rival();
    if (doubted_ && other >= 0) {
        doubted_ = false;
        after_ = other;
        return 0;
    }
    if (confirmed_) {
        statistics_.found = true;
        doubted_ = false;
        reference_loss_ = loss_ratio(2);
    }
    return sub_blocks;
}

/// Decides the first chunk of the window, gives its bits out and moves on.
void inner_decoder::settle(const bit_sink& sink) {
    const std::size_t place = judge();
    emit(static_cast<std::size_t>(current_), 0, place, sink);
    if (place < sub_blocks) {
        emit(static_cast<std::size_t>(after_), place, sub_blocks, sink);
        current_ = after_;
        ++statistics_.switches;
    }
    std::swap(chunks_[0], chunks_[1]);
    for (decoded_chunk& one : chunks_[1]) {
        one.valid = false;
    }
    chunk_at_ += chunk_soft();
    trim();
}

void inner_decoder::emit(std::size_t hypothesis, std::size_t from, std::size_t to,
                         const bit_sink& sink) {
    const decoded_chunk& chunk = decoded(hypothesis, 0);
    const std::int64_t first =
        first_period(hypothesis, chunk_at_) + static_cast<std::int64_t>(from * sub_soft_);
    std::size_t count = (to - from) * sub_periods_ * pattern_.bits;
    if (last_) {
        const std::int64_t end = buffer_at_ + static_cast<std::int64_t>(soft_.size());
        const auto starts_late = [&](std::size_t bit) {
            const std::size_t offset =
                bit / pattern_.bits * pattern_.sent + pattern_.offset[bit % pattern_.bits];
            return first + static_cast<std::int64_t>(offset) >= end;
        };
        while (count > 0 && starts_late(count - 1)) {
            --count;
        }
    }
    for (std::size_t place = from; place < to; ++place) {
        statistics_.channel_bits += chunk.score[place].bits;
        statistics_.channel_bit_errors += chunk.score[place].errors;
    }
    if (count > 0) {
        sink(std::span(chunk.bits).subspan(from * sub_periods_ * pattern_.bits, count),
             origin_ + first);
    }
}

void inner_decoder::trim() noexcept {
    const auto overlap = static_cast<std::int64_t>((overlap_periods_ + 1) * pattern_.sent);
    const std::int64_t keep = std::max<std::int64_t>(0, chunk_at_ - overlap) & ~std::int64_t{1};
    if (keep - buffer_at_ >= chunk_soft()) {
        const std::int64_t drop =
            std::min(keep - buffer_at_, static_cast<std::int64_t>(soft_.size()));
        soft_.erase(soft_.begin(), soft_.begin() + drop);
        buffer_at_ += drop;
    }
}

void inner_decoder::push(std::span<const std::int8_t> soft, const bit_sink& sink) {
    const std::int64_t needed =
        2 * chunk_soft() + static_cast<std::int64_t>((overlap_periods_ + 1) * pattern_.sent);
    while (!soft.empty()) {
        const auto piece = soft.first(std::min(soft.size(), sub_blocks * sub_soft_));
        soft_.insert(soft_.end(), piece.begin(), piece.end());
        soft = soft.subspan(piece.size());
        while (buffer_at_ + static_cast<std::int64_t>(soft_.size()) >= chunk_at_ + needed) {
            settle(sink);
        }
    }
}

void inner_decoder::flush(const bit_sink& sink) {
    last_ = true;
    const std::int64_t end = buffer_at_ + static_cast<std::int64_t>(soft_.size());
    while (chunk_at_ < end) {
        settle(sink);
    }
    last_ = false;
    origin_ += end;
    soft_.clear();
    buffer_at_ = chunk_at_ = 0;
    for (std::vector<decoded_chunk>& chunk : chunks_) {
        for (decoded_chunk& one : chunk) {
            one.valid = false;
        }
    }
    current_ = after_ = -1;
    confirmed_ = doubted_ = false;
    reference_loss_ = 0;
}

} // namespace landfall::fec
