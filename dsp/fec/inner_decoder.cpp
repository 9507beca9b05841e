// SPDX-License-Identifier: MIT
#include "dsp/fec/inner_decoder.h"

#include "dsp/fec/convolutional.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdlib>

namespace landfall::fec {
namespace {

constexpr std::size_t history_bits = viterbi::history_bits;
constexpr std::size_t segments_per_chunk = 2;
constexpr std::size_t most_map_width = 3;
/// A change must gain this many standard deviations, estimated as if bits disagreed independently.
/// Measured: between wrong hypotheses that is twice to four times too much, and 1 dB below the
/// code's threshold the right one is better by 4.2 (5/6) to 5.1 (1/2) after one chunk.
constexpr double clear_deviations = 3.5;
constexpr double tie_deviations = 2;
/// Above this part of a wrong hypothesis' loss, the loss alone does not tell right from wrong.
constexpr double useless_reference = 0.9;

struct rate_plan {
    std::size_t sub_periods; ///< some 32 information bits
    double wrong_loss;       ///< measured near the code's threshold; the right one has half of it
};

rate_plan plan_of(code_rate rate) noexcept {
    switch (rate) {
    case code_rate::r2_3:
        return {16, 0.040};
    case code_rate::r3_4:
        return {12, 0.0265};
    case code_rate::r5_6:
        return {10, 0.0152};
    case code_rate::r7_8:
        return {8, 0.0105};
    case code_rate::none:
    case code_rate::r1_2:
        break;
    }
    return {32, 0.085};
}

} // namespace

inner_decoder::inner_decoder(const coding& code, std::span<const rail_map> maps,
                             std::size_t delay_bits)
    : pattern_(pattern_of(code.convolutional)),
      sub_periods_(plan_of(code.convolutional).sub_periods),
      sub_soft_(sub_periods_ * pattern_.sent), wrong_loss_(plan_of(code.convolutional).wrong_loss),
      maps_(maps.begin(), maps.end()), hypotheses_(maps.size() * pattern_.sent),
      viterbi_(code.convolutional, chunk_bits() / segments_per_chunk), depuncturer_(code),
      overlap_periods_(
          (std::max(viterbi_.before_bits(), viterbi_.after_bits()) + pattern_.bits - 1) /
          pattern_.bits),
      at_once_(std::clamp<std::size_t>(1 + delay_bits / chunk_bits(), 1,
                                       viterbi::most_lanes / segments_per_chunk)) {
    assert(code.convolutional != code_rate::none && !maps.empty());
    const std::size_t longest = at_once_ * sub_blocks * sub_periods_ + 2 * overlap_periods_;
    const std::size_t one = sub_blocks * sub_periods_ + 2 * overlap_periods_;
    channel_.resize(longest * pattern_.sent + kernel_slack_octets);
    mapped_.resize(channel_.size() + 2 * most_map_width);
    pairs_.resize(2 * std::max(longest, hypotheses_ * one) * pattern_.bits + kernel_slack_octets);
    coded_.resize(2 * (chunk_bits() + kernel_slack_octets));
    orders_.reserve(std::max(at_once_, hypotheses_));
    segments_.reserve(segments_per_chunk * orders_.capacity());
    soft_.reserve((at_once_ + 4) * sub_blocks * sub_soft_);
    ahead_.resize(at_once_);
    for (std::vector<decoded_chunk>& chunk : chunks_) {
        chunk.resize(hypotheses_);
    }
    for (std::vector<decoded_chunk>* list : {&chunks_[0], &chunks_[1], &ahead_}) {
        for (decoded_chunk& chunk : *list) {
            chunk.bits.resize(history_bits + chunk_bits() + kernel_slack_octets);
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
    const auto width = static_cast<std::int64_t>(map_width(map));
    const auto whole = [width](std::int64_t place) { return place - place % width; };
    const std::int64_t from = whole(std::max(first, buffer_at_)); // a symbol's first bit
    const std::int64_t to =
        std::min(whole(first + static_cast<std::int64_t>(count) + width - 1), whole(end));
    if (first < buffer_at_ || first + static_cast<std::int64_t>(count) > to) {
        std::fill_n(channel_.begin(), count, std::int8_t{0});
    }
    if (map == rail_map::as_received) {
        const std::int64_t begin = std::max(first, buffer_at_);
        std::copy_n(soft_.begin() + (begin - buffer_at_),
                    std::max<std::int64_t>(
                        0, std::min(first + static_cast<std::int64_t>(count), end) - begin),
                    channel_.begin() + (begin - first));
        return;
    }
    if (from >= to) {
        return;
    }
    const auto length = static_cast<std::size_t>(to - from);
    map_rails(map, std::span(soft_).subspan(static_cast<std::size_t>(from - buffer_at_), length),
              mapped_.data());
    const std::int64_t begin = std::max(first, from);
    std::copy_n(
        mapped_.begin() + (begin - from),
        std::max<std::int64_t>(0, std::min(first + static_cast<std::int64_t>(count), to) - begin),
        channel_.begin() + (begin - first));
}

/// Soft bits of that many chunks, and what their decoding needs after them.
std::int64_t inner_decoder::needed_soft(std::size_t chunks) const noexcept {
    return static_cast<std::int64_t>(chunks) * chunk_soft() +
           static_cast<std::int64_t>((overlap_periods_ + 1) * pattern_.sent);
}

/// Has chunks that follow each other from `start` on decoded by the next `decode_orders`.
void inner_decoder::order(std::size_t hypothesis, std::int64_t start,
                          std::span<decoded_chunk> out) noexcept {
    const std::size_t sent = pattern_.sent;
    const std::size_t periods = out.size() * sub_blocks * sub_periods_ + 2 * overlap_periods_;
    std::int8_t* pairs = pairs_.data() + pairs_used_;
    gather(maps_[hypothesis / sent],
           first_period(hypothesis, start) - static_cast<std::int64_t>(overlap_periods_ * sent),
           periods * sent);
    depuncturer_.run(channel_.data(), periods, pairs);
    pairs_used_ += 2 * periods * pattern_.bits;
    pairs += 2 * overlap_periods_ * pattern_.bits;
    for (decoded_chunk& chunk : out) {
        orders_.push_back({&chunk, pairs});
        for (std::size_t i = 0; i < segments_per_chunk; ++i) {
            const std::size_t first = i * viterbi_.segment_bits();
            segments_.push_back({pairs + 2 * first, chunk.bits.data() + first});
        }
        pairs += 2 * chunk_bits();
    }
}

void inner_decoder::decode_orders() noexcept {
    viterbi_.decode(segments_);
    for (const ordered& one : orders_) {
        score_pairs(one.chunk->bits.data() + history_bits, one.pairs, sub_periods_ * pattern_.bits,
                    coded_.data(), one.chunk->score);
        one.chunk->valid = true;
    }
    orders_.clear();
    segments_.clear();
    pairs_used_ = 0;
}

/// As many chunks as are there, from `start` on, but one at least.
void inner_decoder::decode_ahead(std::size_t hypothesis, std::int64_t start) noexcept {
    const std::int64_t end = buffer_at_ + static_cast<std::int64_t>(soft_.size());
    std::size_t count = 1;
    while (count < at_once_ && start + needed_soft(count + 1) <= end) {
        ++count;
    }
    for (decoded_chunk& chunk : ahead_) {
        chunk.valid = false;
    }
    ahead_hypothesis_ = hypothesis;
    ahead_at_ = start;
    order(hypothesis, start, std::span(ahead_).first(count));
    decode_orders();
}

/// The current hypothesis is decoded ahead, and the others together.
const inner_decoder::decoded_chunk& inner_decoder::decoded(std::size_t hypothesis,
                                                           std::size_t chunk) noexcept {
    decoded_chunk& out = chunks_[chunk][hypothesis];
    if (out.valid) {
        return out;
    }
    const std::int64_t start = chunk_at_ + static_cast<std::int64_t>(chunk) * chunk_soft();
    const auto is_ahead = [&] {
        const auto place = static_cast<std::size_t>((start - ahead_at_) / chunk_soft());
        return hypothesis == ahead_hypothesis_ && start >= ahead_at_ && place < ahead_.size() &&
               ahead_[place].valid;
    };
    const bool current = static_cast<int>(hypothesis) == current_;
    if (current && !is_ahead()) {
        decode_ahead(hypothesis, start);
    }
    if (is_ahead()) {
        std::swap(out, ahead_[static_cast<std::size_t>((start - ahead_at_) / chunk_soft())]);
        return out;
    }
    for (std::size_t other = 0; other < hypotheses_; ++other) {
        decoded_chunk& one = chunks_[chunk][other];
        if (!one.valid && (static_cast<int>(other) != current_)) {
            order(other, start, std::span(&one, 1));
        }
    }
    decode_orders();
    return out;
}

const sub_score& inner_decoder::score_at(std::size_t hypothesis, std::size_t place) noexcept {
    return decoded(hypothesis, place / sub_blocks).score[place % sub_blocks];
}

/// Of the current hypothesis over the first chunks of the window.
double inner_decoder::loss_ratio(std::size_t chunks) noexcept {
    std::uint64_t loss = 0;
    std::uint64_t weight = 0;
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
        for (const sub_score& sub : decoded(static_cast<std::size_t>(current_), chunk).score) {
            loss += sub.loss;
            weight += sub.weight;
        }
    }
    return weight > 0 ? static_cast<double>(loss) / static_cast<double>(weight) : 0;
}

/// Whether some quarter chunk of the window looks as if the hypothesis were wrong there.
bool inner_decoder::dropped() noexcept {
    constexpr std::size_t span = sub_blocks / 4;
    const double limit = 0.5 * (reference_loss_ + wrong_loss_);
    std::array<std::int64_t, 2 * sub_blocks> excess; // of the loss over the limit, in 1/65536
    const auto limit_fixed = static_cast<std::int64_t>(65536 * limit);
    for (std::size_t chunk = 0; chunk < 2; ++chunk) {
        const auto& scores = decoded(static_cast<std::size_t>(current_), chunk).score;
        for (std::size_t i = 0; i < sub_blocks; ++i) {
            excess[chunk * sub_blocks + i] =
                65536 * std::int64_t{scores[i].loss} - limit_fixed * std::int64_t{scores[i].weight};
        }
    }
    std::int64_t sum = 0;
    for (std::size_t place = 0; place < excess.size(); ++place) {
        sum += excess[place] - (place >= span ? excess[place - span] : 0);
        if (place + 1 >= span && sum > 0) {
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
        sink(std::span(chunk.bits)
                 .subspan(history_bits + from * sub_periods_ * pattern_.bits, count),
             origin_ + first);
    }
}

void inner_decoder::trim() noexcept {
    const auto overlap = static_cast<std::int64_t>((overlap_periods_ + 1) * pattern_.sent);
    // Whole symbols, of one, two or three bits.
    const std::int64_t begin = std::max<std::int64_t>(0, chunk_at_ - overlap);
    const std::int64_t keep = begin - begin % 6;
    if (keep - buffer_at_ >= chunk_soft()) {
        const std::int64_t drop =
            std::min(keep - buffer_at_, static_cast<std::int64_t>(soft_.size()));
        soft_.erase(soft_.begin(), soft_.begin() + drop);
        buffer_at_ += drop;
    }
}

void inner_decoder::push(std::span<const std::int8_t> soft, const bit_sink& sink) {
    while (!soft.empty()) {
        const auto piece = soft.first(std::min(soft.size(), sub_blocks * sub_soft_));
        soft_.insert(soft_.end(), piece.begin(), piece.end());
        soft = soft.subspan(piece.size());
        while (buffer_at_ + static_cast<std::int64_t>(soft_.size()) >=
               chunk_at_ + needed_soft(at_once_ + 1)) {
            for (std::size_t i = 0; i < at_once_; ++i) {
                settle(sink);
            }
            trim();
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
    for (decoded_chunk& one : ahead_) {
        one.valid = false;
    }
    current_ = after_ = -1;
    confirmed_ = doubted_ = false;
    reference_loss_ = 0;
}

} // namespace landfall::fec
