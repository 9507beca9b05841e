// SPDX-License-Identifier: MIT
#include "app/decoding.h"

#include "dsp/fec/puncture.h"

namespace landfall::app {
namespace {

/// A slow carrier is decoded as its bits come, a fast one many bits at once, which takes less time.
constexpr double decoding_delay_s = 0.02;

fec::stream_decoder decoder_for(const config::mission& mission) {
    const fec::puncture_pattern pattern = fec::pattern_of(mission.coding.convolutional);
    const double bit_rate_hz =
        mission.wave.symbol_rate_hz * dsp::bits_per_symbol(mission.wave.kind) *
        static_cast<double>(pattern.bits) / static_cast<double>(pattern.sent);
    return fec::stream_decoder(mission.coding, dsp::bits_per_symbol(mission.wave.kind),
                               mission.wave.kind == dsp::modulation::oqpsk,
                               mission.framing.fecf == framing::error_control::present,
                               static_cast<std::size_t>(decoding_delay_s * bit_rate_hz));
}

} // namespace

decoding::decoding(const config::mission& mission)
    : modulation_(mission.wave.kind), checked_(mission.coding.reed_solomon != fec::rs_code::none),
      decoder_(decoder_for(mission)), deframer_(mission.framing) {}

void decoding::take(const chain_record& record, const framing::deframer_sinks& sinks) {
    const chain_record::header& head = record.head;
    auto frame = [&](const fec::decoded_frame& one) { take_frame(one, sinks); };
    switch (head.what) {
    case chain_record::kind::time:
        clock_.mark(head.first.whole, head.time, head.rate);
        break;
    case chain_record::kind::soft:
        if (head.restart) {
            decoder_.restart(frame);
        }
        if (head.placed) {
            soft_clock_.mark(next_soft_, head.first, head.rate / dsp::bits_per_symbol(modulation_));
        }
        push_soft(record.soft(), sinks);
        break;
    case chain_record::kind::reception_end:
        decoder_.flush(frame);
        break;
    case chain_record::kind::stream_end:
        decoder_.flush(frame);
        deframer_.finish(sinks);
        break;
    }
}

void decoding::push_soft(std::span<const std::int8_t> soft, const framing::deframer_sinks& sinks) {
    next_soft_ += std::ssize(soft);
    decoder_.push(soft, [&](const fec::decoded_frame& frame) { take_frame(frame, sinks); });
}

void decoding::take_frame(const fec::decoded_frame& frame, const framing::deframer_sinks& sinks) {
    if (!frame.decodable) {
        return; // counted by the decoder
    }
    framing::received_frame received{.octets = frame.octets,
                                     .first_bit = {},
                                     .corrected = frame.corrected_symbols > 0,
                                     .checked = checked_};
    // The bits of a QPSK or 8PSK symbol are sent at once; those of OQPSK half a symbol apart.
    const auto bits = static_cast<std::int64_t>(dsp::bits_per_symbol(modulation_));
    const std::int64_t second_bit =
        modulation_ == dsp::modulation::oqpsk ? 0 : frame.first_soft_bit % bits;
    if (const auto place = soft_clock_.place_of(frame.first_soft_bit - second_bit)) {
        if (const auto time = clock_.time_of(*place)) {
            received.first_bit = {.time = *time, .is_known = true};
        }
    }
    deframer_.push(received, sinks);
}

void decoding::push_frame(base::octets frame, const framing::deframer_sinks& sinks) {
    deframer_.push({.octets = frame, .first_bit = {}, .corrected = false, .checked = false}, sinks);
}

decoding_status decoding::status() const {
    decoding_status now;
    now.soft_bits = static_cast<std::uint64_t>(next_soft_);
    now.frames_locked = decoder_.locked();
    now.decoder = decoder_.statistics();
    now.frames = deframer_.totals();
    now.bad_frames = now.decoder.bad_frames + now.frames.bad;
    return now;
}

} // namespace landfall::app
