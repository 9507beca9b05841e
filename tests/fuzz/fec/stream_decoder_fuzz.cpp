// SPDX-License-Identifier: MIT
// Any soft bits, in pieces of any size, through the channel decoder. The input: six octets of
// coding parameters, then steps: soft bits as they are, encoded frames with errors, filler, slips,
// restarts.
#include "base/bytes.h"
#include "dsp/fec/stream_decoder.h"
#include "dsp/fec/stream_encoder.h"

#include <algorithm>
#include <cstdlib>

using namespace landfall;

namespace {

constexpr unsigned most_steps = 24; ///< so that no input takes long

struct parameters {
    fec::coding code;
    unsigned bits_per_symbol = 1;
    bool staggered = false;
    bool crc_check = false;
    std::size_t delay_bits = 0;
};

parameters parameters_from(base::byte_reader& reader) {
    parameters chosen;
    const unsigned inner = reader.u8();
    const unsigned outer = reader.u8();
    const unsigned more = reader.u8();
    const unsigned length = reader.u8();
    const unsigned marker = reader.u16();
    fec::coding& code = chosen.code;
    code.convolutional = static_cast<fec::code_rate>(inner % 6);
    code.c2_first = (inner & 8U) != 0;
    code.c2_inverted = (inner & 16U) != 0;
    code.line_code = static_cast<fec::nrz>((inner >> 5U) % 3);
    code.reed_solomon = static_cast<fec::rs_code>(outer % 3);
    code.basis = static_cast<fec::rs_basis>((outer >> 2U) & 1U);
    code.pseudo_random = static_cast<fec::randomizer>((outer >> 3U) % 3);
    code.derandomize_when = static_cast<fec::derandomize>((outer >> 5U) & 1U);
    code.rs_interleave = 1 + (more & 7U);
    chosen.bits_per_symbol = 1 + ((more >> 3U) & 1U);
    chosen.staggered = chosen.bits_per_symbol == 2 && (more & 16U) != 0;
    chosen.crc_check = (more & 32U) != 0;
    chosen.delay_bits = (more & 128U) != 0 ? 6000 : 0;
    code.frame_octets = (1 + length / 16) * code.rs_interleave;
    if ((more & 64U) != 0) {
        code.marker = {marker, 8 + marker % 9};
    }
    return chosen;
}

class session {
  public:
    explicit session(const parameters& chosen)
        : code_(chosen.code), decoder_(chosen.code, chosen.bits_per_symbol, chosen.staggered,
                                       chosen.crc_check, chosen.delay_bits),
          encoder_(chosen.code, chosen.bits_per_symbol) {}

    void step(base::byte_reader& reader) {
        const unsigned what = reader.u8();
        const unsigned count = reader.u8();
        switch (what % 6) {
        case 0: {
            const auto raw = reader.take(std::min<std::size_t>(count, reader.remaining()));
            soft_.assign(raw.begin(), raw.end());
            push();
            break;
        }
        case 1:
            soft_.assign(count * 4, static_cast<std::int8_t>(what));
            push();
            break;
        case 2: {
            std::vector<std::uint8_t> frame(code_.frame_octets);
            const auto given = reader.take(std::min(frame.size(), reader.remaining()));
            std::copy(given.begin(), given.end(), frame.begin());
            bits_.clear();
            encoder_.frame(frame, bits_);
            push_bits(count);
            break;
        }
        case 3:
            bits_.clear();
            encoder_.idle(count, bits_);
            push_bits(0);
            break;
        case 4:
            bits_.clear();
            encoder_.flush(bits_);
            bits_.resize(bits_.size() - std::min<std::size_t>(bits_.size(), count));
            push_bits(0);
            break;
        default:
            decoder_.restart(sink());
            break;
        }
    }

    void finish() {
        decoder_.flush(sink());
        const fec::stream_statistics counted = decoder_.statistics();
        check(counted.good_frames == good_ && counted.bad_frames == bad_ &&
              counted.corrected_frames <= good_ &&
              counted.channel_bit_errors <= counted.channel_bits);
    }

  private:
    static void check(bool holds) {
        if (!holds) {
            std::abort();
        }
    }

    /// Every `errors`-th bit is wrong; 0: none.
    void push_bits(unsigned errors) {
        soft_.clear();
        for (const std::uint8_t bit : bits_) {
            const bool wrong = errors != 0 && soft_.size() % errors == 0;
            soft_.push_back((bit != 0) == wrong ? std::int8_t{90} : std::int8_t{-90});
        }
        push();
    }

    void push() {
        std::replace(soft_.begin(), soft_.end(), std::int8_t{-128}, std::int8_t{-127});
        pushed_ += static_cast<std::int64_t>(soft_.size());
        decoder_.push(soft_, sink());
    }

    base::function_ref<void(const fec::decoded_frame&)> sink() { return take_; }

    struct taker {
        session* owner;
        void operator()(const fec::decoded_frame& frame) const { owner->take(frame); }
    };

    void take(const fec::decoded_frame& frame) {
        check(frame.octets.size() == code_.frame_octets);
        check(frame.first_soft_bit >= end_ && frame.end_soft_bit > frame.first_soft_bit &&
              frame.end_soft_bit <= pushed_);
        end_ = frame.end_soft_bit;
        ++(frame.decodable ? good_ : bad_);
    }

    fec::coding code_;
    fec::stream_decoder decoder_;
    fec::stream_encoder encoder_;
    taker take_{this};
    std::vector<std::uint8_t> bits_;
    std::vector<std::int8_t> soft_;
    std::int64_t pushed_ = 0;
    std::int64_t end_ = 0;
    std::uint64_t good_ = 0;
    std::uint64_t bad_ = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    base::byte_reader reader({data, size});
    session run(parameters_from(reader));
    for (unsigned steps = 0; steps < most_steps && reader.remaining() >= 2; ++steps) {
        run.step(reader);
    }
    run.finish();
    return 0;
}
