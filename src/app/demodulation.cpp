// SPDX-License-Identifier: MIT
#include "app/demodulation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace landfall::app {
namespace {

constexpr std::uint64_t most_lost_samples = std::uint64_t{1} << 33U; // are counted on
constexpr double most_filled_s = 0.5;     // of lost samples that are replaced by zeros
constexpr double near_symbol_rates = 0.1; // a receiver that looks so near also finds the carrier

dsp::receiver_config receiver_for(const chain_config& config, double sample_rate_hz,
                                  double center_frequency_hz) {
    dsp::receiver_config wanted;
    wanted.wave = config.mission.wave;
    wanted.fm_audio = config.fm_audio;
    wanted.sample_rate_hz = sample_rate_hz;
    wanted.frequency_hint_hz = config.mission.receiving.expected_offset_hz;
    wanted.frequency_known = config.mission.receiving.has_expected_offset;
    wanted.search_range_hz = config.mission.receiving.uncertainty_hz;
    // A recording that says where it is centred says where the carrier is; one that is off by more
    // than its bandwidth speaks of something else (an intermediate frequency, audio).
    const double offset = config.mission.frequency_hz - center_frequency_hz;
    if (!wanted.frequency_known && config.mission.has_frequency && center_frequency_hz > 0.0 &&
        std::abs(offset) < 0.5 * sample_rate_hz) {
        wanted.frequency_hint_hz = offset;
        wanted.frequency_known = true;
    }
    return wanted;
}

} // namespace

const char* demodulation::unsupported(double sample_rate_hz) const noexcept {
    return dsp::unsupported(receiver_for(config_, sample_rate_hz, 0.0),
                            config_.mission.receiving.engine);
}

bool demodulation::has_receiver_for(const wire::iq_block& block) const noexcept {
    if (!fitted_.receiver || block.sample_rate_hz != fitted_.sample_rate_hz) {
        return false;
    }
    const auto has = receiver_for(config_, fitted_.sample_rate_hz, fitted_.center_frequency_hz);
    const auto wanted = receiver_for(config_, block.sample_rate_hz, block.center_frequency_hz);
    return has.frequency_known == wanted.frequency_known &&
           std::abs(has.frequency_hint_hz - wanted.frequency_hint_hz) <=
               near_symbol_rates * config_.mission.wave.symbol_rate_hz;
}

fitted_receiver demodulation::fit(double sample_rate_hz, double center_frequency_hz) const {
    return {sample_rate_hz, center_frequency_hz,
            dsp::make_receiver(receiver_for(config_, sample_rate_hz, center_frequency_hz),
                               config_.mission.receiving.engine)};
}

void demodulation::swap(fitted_receiver& with, record_sink sink) {
    end_reception(sink);
    if (fitted_.receiver) {
        add_up(fitted_.receiver->report());
    }
    std::swap(fitted_, with);
}

void demodulation::begin(const wire::iq_block& block, record_sink sink) {
    if (!has_receiver_for(block)) {
        auto made = fit(block.sample_rate_hz, block.center_frequency_hz);
        swap(made, sink);
    }
    reception_first_ = next_sample_;
    receiving_ = true;
    sample_rate_hz_ = block.sample_rate_hz;
    center_frequency_hz_ = block.center_frequency_hz;
}

void demodulation::end_reception(record_sink sink) {
    if (!receiving_) {
        return;
    }
    fitted_.receiver->flush([&](const dsp::soft_block& soft) { take_soft(soft, sink); });
    sink(chain_record({.what = chain_record::kind::reception_end}));
    receiving_ = false;
}

void demodulation::push(const wire::iq_block& block, record_sink sink) {
    const auto lost =
        static_cast<std::int64_t>(std::min(block.lost_samples_before, most_lost_samples));
    const bool fill = receiving_ && static_cast<double>(lost) < most_filled_s * sample_rate_hz_;
    const bool same = block.sample_rate_hz == sample_rate_hz_ &&
                      block.center_frequency_hz == center_frequency_hz_;
    if (block.discontinuity || !same || !fill) {
        end_reception(sink);
    }
    if (receiving_ && lost > 0) {
        static constexpr std::array<base::cf32, 4096> zeros{};
        for (std::int64_t left = lost; left > 0;) {
            const auto now = std::min<std::int64_t>(left, std::ssize(zeros));
            push_samples(std::span(zeros).first(static_cast<std::size_t>(now)), sink);
            left -= now;
        }
    } else {
        next_sample_ += lost;
    }
    if (!receiving_) {
        begin(block, sink);
    }
    if (block.has_time) {
        sink(chain_record({.what = chain_record::kind::time,
                           .first = {next_sample_, 0.0},
                           .rate = block.sample_rate_hz,
                           .time = block.time}));
    }
    samples_ += block.samples.size();
    signal_seconds_ += static_cast<double>(block.samples.size()) / sample_rate_hz_;
    push_samples(block.samples, sink);
}

void demodulation::push_samples(std::span<const base::cf32> samples, record_sink sink) {
    next_sample_ += static_cast<std::int64_t>(samples.size());
    fitted_.receiver->push(samples, [&](const dsp::soft_block& soft) { take_soft(soft, sink); });
}

void demodulation::take_soft(const dsp::soft_block& soft, record_sink sink) const {
    const dsp::receiver_report now = fitted_.receiver->report();
    chain_record::header head{.what = chain_record::kind::soft,
                              .restart = soft.restart,
                              .placed = true,
                              .es_n0_db = now.locked ? static_cast<float>(now.es_n0_db)
                                                     : std::numeric_limits<float>::quiet_NaN(),
                              .first = {soft.first.whole + reception_first_, soft.first.fraction},
                              .rate = soft.samples_per_symbol};
    auto left = soft.soft;
    do {
        const auto some = left.first(std::min(left.size(), record_soft_bits));
        sink(chain_record(head, some));
        head.restart = head.placed = false;
        left = left.subspan(some.size());
    } while (!left.empty());
}

void demodulation::finish(record_sink sink) {
    end_reception(sink);
    sink(chain_record({.what = chain_record::kind::stream_end}));
}

void demodulation::add_up(const dsp::receiver_report& ended) {
    locked_symbols_ += ended.locked_symbols;
    losses_ += ended.losses;
    acquisitions_ += ended.acquisitions;
    if (ended.locked_symbols > 0) {
        last_report_ = ended;
    }
}

demodulation_status demodulation::status() const {
    demodulation_status now;
    now.samples = samples_;
    now.signal_seconds = signal_seconds_;
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
    return now;
}

std::span<const base::cf32> demodulation::constellation() const {
    return receiving_ ? fitted_.receiver->constellation() : std::span<const base::cf32>{};
}

} // namespace landfall::app
