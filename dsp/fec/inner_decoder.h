// SPDX-License-Identifier: MIT
// From soft channel bits to the bits of the convolutional code, finding rail rotation and code
// phase by itself and finding them again after a slip.
//
// The stream is decoded in chunks of some thousand bits, each with an overlap on either side, so
// that any chunk can be decoded under any hypothesis. Decoded bits are encoded again and compared
// with what was received: the weight of the disagreeing soft bits is the hypothesis' loss. A window
// of two chunks is looked at before the first of them is given out, so that a slip is placed where
// it was.
#pragma once

#include "base/function_ref.h"
#include "dsp/fec/coding.h"
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
    inner_decoder(const coding& code, std::span<const rail_map> maps);

    /// Soft bits: positive is 0; the first one after construction or `flush` is an I bit.
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

    struct sub_score {
        std::uint32_t loss = 0;   ///< sum of |soft| that disagree
        std::uint32_t square = 0; ///< sum of their squares
        std::uint32_t weight = 0; ///< sum of |soft|
        std::uint16_t bits = 0;   ///< not erased
        std::uint16_t errors = 0; ///< of these, disagreeing
    };
    struct decoded_chunk {
        bool valid = false;
        std::vector<std::uint8_t> bits;
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
    void gather(rail_map map, std::int64_t first, std::size_t count) noexcept;
    const decoded_chunk& decoded(std::size_t hypothesis, std::size_t chunk) noexcept;
    void score(decoded_chunk& out, std::size_t first_soft) noexcept;

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
    std::array<std::uint8_t, 8> slot_{}; ///< of a period's channel bits, in the pairs of C1 and C2
    std::array<bool, 8> flipped_{};      ///< channel bits that are sent inverted
    std::size_t sub_periods_, sub_soft_; ///< of one sub-block
    std::size_t overlap_periods_;        ///< on either side of a chunk
    double wrong_loss_;                  ///< loss ratio of a wrong hypothesis
    std::vector<rail_map> maps_;
    std::size_t hypotheses_;
    viterbi viterbi_;

    std::vector<std::int8_t> soft_; ///< from index buffer_at_ on; all indices count from origin_
    std::int64_t buffer_at_ = 0;
    std::int64_t chunk_at_ = 0;
    std::int64_t origin_ = 0;
    std::vector<std::int8_t> mapped_, channel_, pairs_;
    std::vector<std::uint8_t> scratch_;
    std::array<std::vector<decoded_chunk>, 2> chunks_;

    int current_ = -1;
    int after_ = -1; ///< hypothesis from the change on, while a chunk is given out
    bool confirmed_ = false;
    bool doubted_ = false;
    bool last_ = false;
    double reference_loss_ = 0;
    inner_statistics statistics_;
};

} // namespace landfall::fec
