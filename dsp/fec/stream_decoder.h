// SPDX-License-Identifier: MIT
// From soft channel bits to transfer frames.
#pragma once

#include "dsp/fec/codeblock.h"
#include "dsp/fec/coding.h"
#include "dsp/fec/frame_sync.h"
#include "dsp/fec/inner_decoder.h"
#include "dsp/fec/marker_watch.h"
#include "dsp/fec/nrz.h"
#include "dsp/fec/rail_map.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace landfall::fec {

struct stream_statistics {
    std::uint64_t good_frames = 0; ///< delivered as decodable, corrected ones included
    std::uint64_t corrected_frames = 0;
    std::uint64_t bad_frames = 0;
    std::uint64_t corrected_symbols = 0;
    std::uint64_t channel_bits = 0;       ///< decoded by the convolutional decoder; 0 without one
    std::uint64_t channel_bit_errors = 0; ///< of these, by comparison with the decoded bits
    std::uint64_t hypothesis_switches = 0;
    std::uint64_t sync_losses = 0;
    /// Without a convolutional code, or: a rotation and a code phase once fitted clearly best.
    bool code_found = false;
    /// Distance at which sync markers were seen again and again before the first good frame; 0:
    /// they were not.
    std::int64_t marker_spacing_bits = 0;
};

/// The whole chain: convolutional code, NRZ, frame synchronisation, randomizer, outer code. Where
/// the convolutional code does not tell a wrong rotation, or there is none, each rotation is
/// followed in a lane of its own.
class stream_decoder {
  public:
    using frame_sink = fec::frame_sink;

    /// `bits_per_symbol` 1, 2 or 3 (8PSK); `staggered`: OQPSK. `crc_check`: without Reed-Solomon,
    /// frames are verified by the CRC in their last two octets; else two sync markers at frame
    /// distance do. `delay_bits`: information bits that the convolutional code's decoder may wait
    /// for beyond what it needs, to work on more of them at once; the frames are the same.
    stream_decoder(const coding& code, unsigned bits_per_symbol, bool staggered,
                   bool crc_check = false, std::size_t delay_bits = 0);

    /// Soft bits, I, Q, I, Q ... for two bits a symbol; of 8PSK as dsp/psk8.h makes
    /// them; positive is 0, -127 to 127. Frames come
    /// some frames late.
    void push(std::span<const std::int8_t> soft, frame_sink sink);
    /// What follows does not continue what came before: decodes all that was pushed, then begins to
    /// search anew, with a symbol's first bit. Soft bits are counted on.
    void restart(frame_sink sink);
    /// The end: decodes all that was pushed.
    void flush(frame_sink sink) { restart(sink); }

    [[nodiscard]] bool locked() const noexcept;
    [[nodiscard]] stream_statistics statistics() const noexcept;

  private:
    struct lane {
        lane(std::span<const rail_map> maps, unsigned nrz_lag, const coding& code,
             codeblock_decoder& decoder, std::size_t delay_bits);

        rail_map map; ///< without convolutional code
        std::optional<inner_decoder> inner;
        nrz_coder nrz;
        frame_sync sync;
        marker_watch markers;           ///< until the first good frame
        std::int64_t good_before = 0;   ///< bits since the last good frame, when last looked at
        std::int64_t doubt_at_bits = 0; ///< bits without good frame that raise the next doubt
    };

    void decode(std::span<const std::int8_t> symbols, const frame_sink& sink);
    void decide(lane& in, std::span<const std::int8_t> symbols, const frame_sink& sink);
    static void advise(lane& in) noexcept;
    void pass_on(lane& to, std::int64_t first_soft, const frame_sink& sink);
    void take(const lane& from, const decoded_frame& frame, const frame_sink& sink);
    void give(const decoded_frame& frame, const frame_sink& sink);
    void hold(const decoded_frame& frame);
    void release(std::int64_t before, const frame_sink& sink);

    std::unique_ptr<codeblock_decoder> codeblock_; ///< shared by the lanes, which refer to it
    std::vector<lane> lanes_;
    const lane* leader_ = nullptr; ///< the lane of the last good frame
    std::vector<std::uint8_t> bits_;
    std::vector<std::int8_t> mapped_;
    std::vector<std::int8_t> odd_; ///< bits of a symbol whose others have not come
    unsigned bits_per_symbol_;
    std::int64_t pushed_ = 0; ///< soft bits, those of `odd_` excluded
    std::int64_t origin_ = 0; ///< `pushed_` at the last restart
    std::int64_t given_ = 0;  ///< end of the last frame given out, in soft bits

    decoded_frame held_; ///< an undecodable frame that another lane may contradict
    std::vector<std::uint8_t> held_octets_;
    bool holds_ = false;
    stream_statistics counted_;
};

} // namespace landfall::fec
