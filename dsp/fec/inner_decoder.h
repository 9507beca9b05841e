// SPDX-License-Identifier: MIT
// From soft channel bits to the bits of the convolutional code, finding rail rotation and code
// phase by itself and finding them again after a slip.
//
// The stream is decoded in chunks of some thousand bits, each with an overlap on either side, so
// that any chunk can be decoded under any hypothesis. Decoded bits are encoded again and compared
// with what was received: the weight of the disagreeing soft bits is the hypothesis' loss. A window
// of two chunks is looked at before the first of them is given out, so that a slip is placed where
// it was. Chunks are decoded several at once where some delay is allowed; that changes nothing in
// the bits.
#pragma once

#include "base/function_ref.h"
#include "dsp/fec/coding.h"
#include "dsp/fec/inner_kernels.h"
#include "dsp/fec/puncture.h"
#include "dsp/fec/rail_map.h"
#include "dsp/fec/viterbi.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace landfall::fec {

struct inner_statistics {
    std::uint64_t channel_bits = 0;       ///< soft bits decoded, erasures excluded
    std::uint64_t channel_bit_errors = 0; ///< of these, against the decoded bits encoded again
    std::uint64_t switches = 0;           ///< changes of hypothesis after the first
    bool found = false; ///< some hypothesis once fitted clearly better than all others
};

/// For every rate but `none`. Takes no memory after construction (the buffer is bounded: long spans
/// are worked off piecewise).
class inner_decoder {
  public:
    /// Decoded bits, 0 or 1, and the index of the first one's first channel bit, counted over all
    /// that was pushed. Bits of one call follow each other without gap; the first one begins a
    /// puncture period.
    using bit_sink =
        base::function_ref<void(std::span<const std::uint8_t> bits, std::int64_t first_soft)>;

    /// `maps`: the rail maps that are to be tried, each with every code phase; not empty.
    /// `delay_bits`: information bits that may be waited for, beyond the window of two chunks, to
    /// decode more of them at once: less time for each.
    inner_decoder(const coding& code, std::span<const rail_map> maps, std::size_t delay_bits = 0);

    /// Soft bits: positive is 0; the first one after construction or `flush` is a symbol's first.
    void push(std::span<const std::int8_t> soft, const bit_sink& sink);
    /// Decodes all that was pushed; what follows is decoded without regard to it.
    void flush(const bit_sink& sink);

    /// Frames were decoded: the hypothesis is right.
    void confirm() noexcept { confirmed_ = true; }
    /// Nothing was found in the decoded bits for long: compare all hypotheses again and take
    /// another one that fits as well, if there is one.
    void doubt() noexcept {
        confirmed_ = false;
        doubted_ = true;
    }

    [[nodiscard]] const inner_statistics& statistics() const noexcept { return statistics_; }
    /// Of the hypotheses, in an order of their own; -1 before the first window.
    [[nodiscard]] int hypothesis() const noexcept { return current_; }

  private:
    static constexpr std::size_t sub_blocks = 64; ///< per chunk

    struct decoded_chunk {
        bool valid = false;
        std::vector<std::uint8_t> bits; ///< `viterbi::history_bits` more before them, and slack
        std::array<sub_score, sub_blocks> score{};
    };
    struct change {
        int hypothesis = -1;
        std::size_t place = 0; ///< sub-block of the window
        double gain = 0;
        bool clear = false;
    };

    [[nodiscard]] std::int64_t chunk_soft() const noexcept {
        return static_cast<std::int64_t>(sub_blocks * sub_soft_);
    }
    [[nodiscard]] std::int64_t first_period(std::size_t hypothesis,
                                            std::int64_t chunk) const noexcept;
    [[nodiscard]] std::size_t chunk_bits() const noexcept {
        return sub_blocks * sub_periods_ * pattern_.bits;
    }
    void gather(rail_map map, std::int64_t first, std::size_t count) noexcept;
    const decoded_chunk& decoded(std::size_t hypothesis, std::size_t chunk) noexcept;
    void order(std::size_t hypothesis, std::int64_t start, std::span<decoded_chunk> out) noexcept;
    void decode_orders() noexcept;
    void decode_ahead(std::size_t hypothesis, std::int64_t start) noexcept;
    [[nodiscard]] std::int64_t needed_soft(std::size_t chunks) const noexcept;

    [[nodiscard]] const sub_score& score_at(std::size_t hypothesis, std::size_t place) noexcept;
    [[nodiscard]] double loss_ratio(std::size_t chunks) noexcept;
    [[nodiscard]] bool dropped() noexcept;
    [[nodiscard]] change best_change() noexcept;
    [[nodiscard]] int rival() noexcept;
    void choose_first() noexcept;
    std::size_t judge() noexcept;
    void settle(const bit_sink& sink);
    void emit(std::size_t hypothesis, std::size_t from, std::size_t to, const bit_sink& sink);
    void trim() noexcept;

    puncture_pattern pattern_;
    std::size_t sub_periods_, sub_soft_; ///< of one sub-block
    double wrong_loss_;                  ///< loss ratio of a wrong hypothesis
    std::vector<rail_map> maps_;
    std::size_t hypotheses_;
    viterbi viterbi_;
    depuncturer depuncturer_;
    std::size_t overlap_periods_; ///< on either side of a chunk
    std::size_t at_once_;         ///< chunks

    std::vector<std::int8_t> soft_; ///< from index buffer_at_ on; all indices count from origin_
    std::int64_t buffer_at_ = 0;
    std::int64_t chunk_at_ = 0;
    std::int64_t origin_ = 0;
    struct ordered {
        decoded_chunk* chunk;
        const std::int8_t* pairs;
    };
    std::vector<std::int8_t> mapped_, channel_, pairs_, coded_;
    std::size_t pairs_used_ = 0;
    std::vector<ordered> orders_; ///< chunks to be decoded together
    std::vector<viterbi::segment> segments_;
    std::array<std::vector<decoded_chunk>, 2> chunks_;
    std::vector<decoded_chunk> ahead_; ///< of one hypothesis
    std::size_t ahead_hypothesis_ = 0;
    std::int64_t ahead_at_ = 0;

    int current_ = -1;
    int after_ = -1; ///< hypothesis from the change on, while a chunk is given out
    bool confirmed_ = false;
    bool doubted_ = false;
    bool last_ = false;
    double reference_loss_ = 0;
    inner_statistics statistics_;
};

} // namespace landfall::fec
