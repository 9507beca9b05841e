// SPDX-License-Identifier: MIT
// Frames out of a stream of decoded bits: sync markers in both polarities, a flywheel, and outer
// decoding as the judge of what is a frame (CCSDS 131.0-B, section 9).
//
// Bits are kept for some frames, so that decisions are made with what came before and after: the
// frames before the first marker found, frames whose marker is destroyed, slips between markers.
#pragma once

#include "base/function_ref.h"
#include "dsp/fec/codeblock.h"
#include "dsp/fec/coding.h"
#include "dsp/fec/puncture.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace landfall::fec {

struct decoded_frame {
    base::octets
        octets; ///< the transfer frame, without parity, derandomised; valid during the call
    bool decodable = false; ///< false: found, but the outer decoder failed (octets as received)
    unsigned corrected_symbols = 0; ///< Reed-Solomon symbols changed
    unsigned marker_errors = 0;     ///< bits
    /// Index, over all soft bits pushed, of the channel bit that carries the frame's first bit (the
    /// first after the marker).
    std::int64_t first_soft_bit = 0;
    std::int64_t end_soft_bit = 0; ///< one past the last, parity included
};

using frame_sink = base::function_ref<void(const decoded_frame&)>;

/// Frames are given out in order, never twice, never overlapping.
class frame_sync {
  public:
    frame_sync(const coding& code, codeblock_decoder& decoder);

    /// Bits (0 or 1), the first of which is at soft bit `first_soft` and begins a puncture period.
    void push(std::span<const std::uint8_t> bits, std::int64_t first_soft, const frame_sink& sink);
    /// No more bits follow: gives out what is complete, then begins anew.
    void flush(const frame_sink& sink);

    [[nodiscard]] bool locked() const noexcept { return locked_; }
    [[nodiscard]] std::uint64_t losses() const noexcept { return losses_; }
    /// Bits pushed since the last good frame, or since the beginning.
    [[nodiscard]] std::int64_t bits_since_good() const noexcept { return end() - last_good_; }
    [[nodiscard]] std::size_t frame_bits() const noexcept {
        return static_cast<std::size_t>(frame_bits_);
    }

  private:
    struct place {
        std::int64_t at = 0; ///< index of the marker's first bit
        bool inverted = false;

        bool operator==(const place&) const = default;
    };
    struct candidate {
        place where;
        codeblock_verdict verdict;
    };
    struct segment {
        std::int64_t bit = 0;
        std::int64_t soft = 0;
    };

    [[nodiscard]] std::int64_t end() const noexcept {
        return base_ + static_cast<std::int64_t>(bits_.size());
    }
    [[nodiscard]] std::int64_t soft_of(std::int64_t bit) const noexcept;
    [[nodiscard]] unsigned marker_errors(place where) const noexcept;
    [[nodiscard]] std::optional<place> find_marker(std::int64_t from, std::int64_t to,
                                                   unsigned tolerance) const noexcept;
    codeblock_verdict decode(place where) noexcept;
    [[nodiscard]] bool is_altered(place where) const noexcept;
    [[nodiscard]] bool is_plausible(const candidate& one) const noexcept;
    [[nodiscard]] bool is_clear(const candidate& one) const noexcept;
    [[nodiscard]] bool is_supported(const candidate& one) const noexcept;
    [[nodiscard]] unsigned doubts(const candidate& one) const noexcept;
    [[nodiscard]] bool rivals(const candidate& one, const candidate& better) const noexcept;
    std::optional<candidate> settle(const candidate& first) noexcept;
    std::optional<place> judge_predicted(const candidate& one) noexcept;
    std::optional<place> judge_found(place where) noexcept;
    [[nodiscard]] std::optional<unsigned> chain_errors(place where) const noexcept;
    [[nodiscard]] std::optional<place> find_chain(std::int64_t from,
                                                  std::int64_t to) const noexcept;

    void advance(bool last, const frame_sink& sink);
    bool follow(bool last, const frame_sink& sink);
    bool follow_block(bool last, const frame_sink& sink);
    bool follow_unverified(bool last, const frame_sink& sink);
    [[nodiscard]] std::optional<place> find_other() noexcept;
    void miss(const frame_sink& sink);
    void count_miss() noexcept;
    bool search(bool last);
    bool search_unverified(bool last);
    void lock(place where) noexcept;
    [[nodiscard]] place count_back(place found) noexcept;
    void deliver(place where, const codeblock_verdict& verdict, const frame_sink& sink);
    void report_bad(place where, std::int64_t next_at, const frame_sink& sink);
    void trim();

    codeblock_decoder& decoder_;
    puncture_pattern pattern_;
    unsigned marker_bits_;
    std::uint64_t marker_;
    std::int64_t frame_bits_;   ///< marker and codeblock
    unsigned sure_errors_;      ///< marker errors that noise does not reach within minutes
    unsigned search_errors_;    ///< tolerated where no marker is expected
    unsigned flywheel_errors_;  ///< tolerated where one is, without outer code
    unsigned predicted_errors_; ///< up to which a marker counts as seen where one is expected
    int chain_markers_;         ///< needed to believe frames that nothing verifies
    std::int64_t near_bits_;    ///< how far beside its place a block may be decodable

    std::vector<std::uint8_t> bits_; ///< from index base_ on
    std::int64_t base_ = 0;
    std::vector<segment> segments_;
    std::vector<std::uint8_t> packed_;

    bool locked_ = false;
    place expected_;
    int misses_ = 0;
    int blind_ = 0;               ///< frames in a row without a marker before or after
    std::int64_t failed_at_ = -1; ///< expected place that was tried already
    std::int64_t wait_until_ = 0; ///< bits needed to judge the expected place
    std::int64_t search_at_ = 0;
    std::int64_t floor_ = 0; ///< end of the last frame given out
    std::int64_t last_good_ = 0;
    std::uint64_t losses_ = 0;
};

} // namespace landfall::fec
