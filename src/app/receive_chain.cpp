// SPDX-License-Identifier: MIT
#include "app/receive_chain.h"

#include "dsp/fec/puncture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace landfall::app {
namespace {

constexpr double most_filled_s = 0.5;     // of lost samples that are replaced by zeros
constexpr double near_symbol_rates = 0.1; // a receiver that looks so near also finds the carrier

dsp::receiver_config receiver_for(const chain_config& config, double sample_rate_hz,
                                  double center_frequency_hz) {
    dsp::receiver_config wanted;
    wanted.wave = config.mission.wave;
    wanted.sample_rate_hz = sample_rate_hz;
    wanted.frequency_hint_hz = config.frequency_hint_hz;
    wanted.frequency_known = config.frequency_hint_hz != 0.0;
    // A recording that says where it is centred says where the carrier is; one that is off by more
    // than its bandwidth speaks of something else (an intermediate frequency, audio).
    const double offset = config.mission.frequency_hz - center_frequency_hz;
    if (wanted.frequency_hint_hz == 0.0 && config.mission.has_frequency &&
        center_frequency_hz > 0.0 && std::abs(offset) < 0.5 * sample_rate_hz) {
        wanted.frequency_hint_hz = offset;
        wanted.frequency_known = true;
    }
    return wanted;
}

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

receive_chain::receive_chain(const chain_config& config)
    : config_(config), decoder_(decoder_for(config.mission)), deframer_(config.mission.framing) {}

const char* receive_chain::unsupported(double sample_rate_hz) const noexcept {
    return dsp::unsupported(receiver_for(config_, sample_rate_hz, 0.0), config_.engine);
}

bool receive_chain::has_receiver_for(const wire::iq_block& block) const noexcept {
    if (!fitted_.receiver || block.sample_rate_hz != fitted_.sample_rate_hz) {
        return false;
    }
    const auto has = receiver_for(config_, fitted_.sample_rate_hz, fitted_.center_frequency_hz);
    const auto wanted = receiver_for(config_, block.sample_rate_hz, block.center_frequency_hz);
    return has.frequency_known == wanted.frequency_known &&
           std::abs(has.frequency_hint_hz - wanted.frequency_hint_hz) <=
               near_symbol_rates * config_.mission.wave.symbol_rate_hz;
}

fitted_receiver receive_chain::fit(double sample_rate_hz, double center_frequency_hz) const {
    return {sample_rate_hz, center_frequency_hz,
            dsp::make_receiver(receiver_for(config_, sample_rate_hz, center_frequency_hz),
                               config_.engine)};
}

void receive_chain::swap(fitted_receiver& with, const framing::deframer_sinks& sinks) {
    end_reception(sinks);
    if (fitted_.receiver) {
        add_up(fitted_.receiver->report());
    }
    std::swap(fitted_, with);
}

void receive_chain::begin(const wire::iq_block& block, const framing::deframer_sinks& sinks) {
    if (!has_receiver_for(block)) {
        auto made = fit(block.sample_rate_hz, block.center_frequency_hz);
        swap(made, sinks);
    }
    reception_first_ = next_sample_;
    receiving_ = true;
    sample_rate_hz_ = block.sample_rate_hz;
    center_frequency_hz_ = block.center_frequency_hz;
}

void receive_chain::end_reception(const framing::deframer_sinks& sinks) {
    if (!receiving_) {
        return;
    }
    fitted_.receiver->flush([&](const dsp::soft_block& soft) { take_soft(soft, sinks); });
    decoder_.flush([&](const fec::decoded_frame& frame) { take_frame(frame, sinks); });
    receiving_ = false;
}

void receive_chain::push(const wire::iq_block& block, const framing::deframer_sinks& sinks) {
    const auto lost = static_cast<std::int64_t>(block.lost_samples_before);
    const bool fill = receiving_ && static_cast<double>(lost) < most_filled_s * sample_rate_hz_;
    const bool same = block.sample_rate_hz == sample_rate_hz_ &&
                      block.center_frequency_hz == center_frequency_hz_;
    if (block.discontinuity || !same || !fill) {
        end_reception(sinks);
    }
    if (receiving_ && lost > 0) {
        static constexpr std::array<base::cf32, 4096> zeros{};
        for (std::int64_t left = lost; left > 0;) {
            const auto now = std::min<std::int64_t>(left, std::ssize(zeros));
            push_samples(std::span(zeros).first(static_cast<std::size_t>(now)), sinks);
            left -= now;
        }
    } else {
        next_sample_ += lost;
    }
    if (!receiving_) {
        begin(block, sinks);
    }
    if (block.has_time) {
        clock_.mark(next_sample_, block.time, block.sample_rate_hz);
    }
    samples_ += block.samples.size();
    signal_seconds_ += static_cast<double>(block.samples.size()) / sample_rate_hz_;
    push_samples(block.samples, sinks);
}

void receive_chain::push_samples(std::span<const base::cf32> samples,
                                 const framing::deframer_sinks& sinks) {
    next_sample_ += static_cast<std::int64_t>(samples.size());
    fitted_.receiver->push(samples, [&](const dsp::soft_block& soft) { take_soft(soft, sinks); });
}

void receive_chain::take_soft(const dsp::soft_block& soft, const framing::deframer_sinks& sinks) {
    if (soft.restart) {
        decoder_.restart([&](const fec::decoded_frame& frame) { take_frame(frame, sinks); });
    }
    const unsigned bits = dsp::bits_per_symbol(config_.mission.wave.kind);
    soft_clock_.mark(next_soft_, {soft.first.whole + reception_first_, soft.first.fraction},
                     soft.samples_per_symbol / bits);
    push_soft(soft.soft, sinks);
}

void receive_chain::push_soft(std::span<const std::int8_t> soft,
                              const framing::deframer_sinks& sinks) {
    next_soft_ += std::ssize(soft);
    decoder_.push(soft, [&](const fec::decoded_frame& frame) { take_frame(frame, sinks); });
}

void receive_chain::take_frame(const fec::decoded_frame& frame,
                               const framing::deframer_sinks& sinks) {
    if (!frame.decodable) {
        return; // counted by the decoder
    }
    framing::received_frame received{.octets = frame.octets,
                                     .first_bit = {},
                                     .corrected = frame.corrected_symbols > 0,
                                     .checked =
                                         config_.mission.coding.reed_solomon != fec::rs_code::none};
    // The two bits of a QPSK symbol are sent at once; those of OQPSK half a symbol apart.
    const std::int64_t second_bit =
        config_.mission.wave.kind == dsp::modulation::qpsk ? frame.first_soft_bit % 2 : 0;
    if (const auto place = soft_clock_.place_of(frame.first_soft_bit - second_bit)) {
        if (const auto time = clock_.time_of(*place)) {
            received.first_bit = {.time = *time, .is_known = true};
        }
    }
    deframer_.push(received, sinks);
}

void receive_chain::push_frame(base::octets frame, const framing::deframer_sinks& sinks) {
    deframer_.push({.octets = frame, .first_bit = {}, .corrected = false, .checked = false}, sinks);
}

void receive_chain::finish(const framing::deframer_sinks& sinks) {
    end_reception(sinks);
    decoder_.flush([&](const fec::decoded_frame& frame) { take_frame(frame, sinks); });
    deframer_.finish(sinks);
}

void receive_chain::add_up(const dsp::receiver_report& ended) {
    locked_symbols_ += ended.locked_symbols;
    losses_ += ended.losses;
    acquisitions_ += ended.acquisitions;
    if (ended.locked_symbols > 0) {
        last_report_ = ended;
    }
}

chain_status receive_chain::status() const {
    chain_status now;
    now.samples = samples_;
    now.signal_seconds = signal_seconds_;
    now.soft_bits = static_cast<std::uint64_t>(next_soft_);
    now.receiver = last_report_;
    now.receiver.locked = false;
    if (fitted_.receiver) {
        const dsp::receiver_report running = fitted_.receiver->report();
        if (running.locked_symbols > 0 || last_report_.locked_symbols == 0) {
            now.receiver = running;
        }
        now.receiver.locked_symbols = running.locked_symbols;
        now.receiver.losses = running.losses;
        now.receiver.acquisitions = running.acquisitions;
    } else {
        now.receiver.locked_symbols = now.receiver.losses = now.receiver.acquisitions = 0;
    }
    now.receiver.locked_symbols += locked_symbols_;
    now.receiver.losses += losses_;
    now.receiver.acquisitions += acquisitions_;
    now.locked_seconds =
        static_cast<double>(now.receiver.locked_symbols) / config_.mission.wave.symbol_rate_hz;
    now.frames_locked = decoder_.locked();
    now.decoder = decoder_.statistics();
    now.frames = deframer_.totals();
    now.bad_frames = now.decoder.bad_frames + now.frames.bad;
    return now;
}

std::span<const base::cf32> receive_chain::constellation() const {
    return receiving_ ? fitted_.receiver->constellation() : std::span<const base::cf32>{};
}

} // namespace landfall::app
