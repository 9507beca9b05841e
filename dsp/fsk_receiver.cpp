// SPDX-License-Identifier: MIT
#include "dsp/fsk_receiver.h"

#include "dsp/fsk_audio.h"
#include "dsp/fsk_iq.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace landfall::dsp {
namespace {

using base::cf32;

constexpr double two_pi = 2.0 * std::numbers::pi;
constexpr std::size_t stride_symbols = 256;
constexpr std::size_t window_symbols = 1024;
constexpr std::size_t least_window_symbols = 448;
constexpr std::size_t judged_steps = 16;
constexpr std::size_t patient_steps = 4; // of bad verdicts before lock is lost
constexpr double sure_metric = 0.5;      // mean, for the first lock
constexpr std::size_t piece_samples = 16384;

std::unique_ptr<fsk_detector> detector_for(const receiver_config& config, const front_end& front) {
    const double sample_rate = config.sample_rate_hz / front.decimation();
    const double ratio = sample_rate / config.wave.symbol_rate_hz;
    if (config.fm_audio) {
        return std::make_unique<fsk_audio>(ratio);
    }
    const double hint = front.mirrored() ? -config.frequency_hint_hz : config.frequency_hint_hz;
    const double half_width = 0.5 * (1.0 + config.wave.modulation_index);
    const double widest = std::max(0.5 * ratio - half_width, 0.25);
    const double wanted = config.search_range_hz / config.wave.symbol_rate_hz;
    return std::make_unique<fsk_iq>(
        fsk_iq_config{.wave = config.wave,
                      .samples_per_symbol = ratio,
                      .frequency_hint = (hint - front.mixed_hz()) / sample_rate,
                      .search_range = (wanted > 0.0 ? std::min(wanted, widest) : widest) / ratio});
}

receiver_config without_mirror(receiver_config config) {
    if (config.fm_audio) { // of real samples only the sign would change
        config.wave.iq_swapped = config.wave.spectrum_inverted = false;
        config.frequency_hint_hz = 0.0;
    }
    return config;
}

} // namespace

fsk_receiver::fsk_receiver(const receiver_config& config)
    : config_(without_mirror(config)), front_(config_, piece_samples),
      samples_per_symbol_(config.sample_rate_hz / front_.decimation() / config.wave.symbol_rate_hz),
      detector_(detector_for(config_, front_)) {
    points_.reserve(fsk_step::symbols);
    buffer_.reserve(piece_samples +
                    static_cast<std::size_t>(4.0 * window_symbols * samples_per_symbol_));
}

void fsk_receiver::push(std::span<const cf32> samples, soft_sink sink) {
    for (std::size_t at = 0; at < samples.size(); at += piece_samples) {
        const auto part = samples.subspan(at, std::min(piece_samples, samples.size() - at));
        take(front_.process(part), sink);
    }
}

void fsk_receiver::take(std::span<const cf32> samples, soft_sink sink) {
    const auto stride = static_cast<std::size_t>(stride_symbols * samples_per_symbol_);
    while (!samples.empty()) {
        // Searches see the same windows whatever the caller's blocks.
        const std::size_t room =
            tracking_ ? samples.size() : stride - std::min(stride - 1, unsearched_);
        const auto now = samples.first(std::min(room, samples.size()));
        buffer_.insert(buffer_.end(), now.begin(), now.end());
        unsearched_ += now.size();
        samples = samples.subspan(now.size());
        advance(sink, false);
    }
}

void fsk_receiver::advance(soft_sink sink, bool ending) {
    for (;;) {
        if (!tracking_ && !try_acquire(ending)) {
            return;
        }
        while (tracking_ && detector_->end_sample() < static_cast<std::ptrdiff_t>(buffer_.size())) {
            follow(sink);
        }
        if (tracking_) {
            return;
        }
    }
}

bool fsk_receiver::try_acquire(bool ending) {
    const auto samples_of = [&](std::size_t symbols) {
        return static_cast<std::size_t>(static_cast<double>(symbols) * samples_per_symbol_);
    };
    const std::size_t stride = samples_of(stride_symbols);
    while (unsearched_ >= stride || (ending && unsearched_ > 0)) {
        unsearched_ -= std::min(unsearched_, stride);
        const std::size_t seen = buffer_.size() - unsearched_;
        if (seen < samples_of(least_window_symbols)) {
            continue;
        }
        const std::size_t length = std::min(seen, samples_of(window_symbols));
        if (auto found = detector_->search(std::span(buffer_).subspan(seen - length, length))) {
            found->position += static_cast<double>(seen - length);
            detector_->start(*found);
            tracking_ = true;
            restart_ = true;
            bad_steps_ = 0;
            ++report_.acquisitions;
            return true;
        }
        if (seen > samples_of(2 * window_symbols)) {
            forget(seen - samples_of(window_symbols));
        }
    }
    return false;
}

void fsk_receiver::follow(soft_sink sink) {
    pending_step next;
    next.first = detector_->state();
    next.first.position += static_cast<double>(buffer_first_);
    detector_->step(buffer_, next.step);
    points_.assign(next.step.points.begin(), next.step.points.end());
    const double past = (static_cast<double>(end_of_samples_) - next.first.position) /
                        next.first.step; // symbols before the end
    if (past < static_cast<double>(next.symbols)) {
        next.symbols = static_cast<std::size_t>(std::max(past, 0.0));
    }
    pending_.push_back(std::move(next));
    judge(sink);
}

void fsk_receiver::judge(soft_sink sink) {
    double verdict = 0.0;
    const std::size_t judged = std::min(judged_steps, pending_.size());
    for (std::size_t i = pending_.size() - judged; i < pending_.size(); ++i) {
        verdict += pending_[i].step.metric;
    }
    if (verdict > 0.0) {
        bad_steps_ = 0;
        locked_ = locked_ || (pending_.size() >= judged_steps &&
                              verdict > sure_metric * static_cast<double>(judged));
        while (pending_.size() > judged_steps) {
            if (!locked_) {
                pending_.pop_front();
                continue;
            }
            release(sink);
        }
    } else if (++bad_steps_ >= patient_steps) {
        lose(sink);
        return;
    }
    forget_followed();
}

/// Kept: what a search from the oldest step that may be taken back needs.
void fsk_receiver::forget_followed() {
    const double oldest =
        pending_.empty() ? detector_->state().position
                         : pending_.front().first.position - static_cast<double>(buffer_first_);
    const auto spare = static_cast<std::size_t>(
        std::max(0.0, oldest - static_cast<double>(detector_->reach() + 2)));
    if (spare > buffer_.size() / 2) {
        forget(spare);
    }
}

void fsk_receiver::release(soft_sink sink) {
    const pending_step& done = pending_.front();
    const auto symbols = static_cast<double>(done.symbols);
    const double place = done.first.position * front_.decimation();
    const double whole = std::floor(place);
    report_.locked_symbols += done.symbols;
    sums_.error += done.step.error_power * symbols / static_cast<double>(fsk_step::symbols);
    sums_.noise += symbols / std::max(done.step.es_n0, 1e-3);
    sums_.rate_error += symbols * (samples_per_symbol_ / done.first.step - 1.0);
    const double sign = front_.mirrored() ? -1.0 : 1.0;
    const double rate_hz = config_.sample_rate_hz / front_.decimation();
    report_.frequency_offset_hz =
        sign * (done.first.frequency / two_pi * rate_hz + front_.mixed_hz());
    report_.es_n0_db = 10.0 * std::log10(std::max(done.step.es_n0, 1e-3));
    if (done.symbols > 0) {
        sink({.soft = std::span(done.step.soft).first(done.symbols),
              .first = {static_cast<std::int64_t>(whole), place - whole},
              .samples_per_symbol = done.first.step * front_.decimation(),
              .restart = restart_});
        restart_ = false;
    }
    pending_.pop_front();
}

void fsk_receiver::lose(soft_sink sink) {
    // The change point: up to where the metrics spoke for a signal.
    double sum = 0.0;
    double highest = 0.0;
    std::size_t good = 0;
    for (std::size_t i = 0; i < pending_.size(); ++i) {
        sum += pending_[i].step.metric;
        if (sum > highest) {
            highest = sum;
            good = i + 1;
        }
    }
    for (std::size_t i = 0; locked_ && i < good; ++i) {
        release(sink);
    }
    // What never was a signal is not sought in again.
    pending_.pop_front(locked_ ? 0 : pending_.size() / 2);
    const double next = pending_.empty()
                            ? detector_->state().position + static_cast<double>(buffer_first_)
                            : pending_.front().first.position;
    pending_.clear();
    forget(static_cast<std::size_t>(std::clamp(next - static_cast<double>(buffer_first_) -
                                                   static_cast<double>(detector_->reach() + 2),
                                               0.0, static_cast<double>(buffer_.size()))));
    report_.losses += locked_ ? 1U : 0U;
    tracking_ = false;
    locked_ = false;
    restart_ = true;
    unsearched_ = buffer_.size();
}

void fsk_receiver::forget(std::size_t samples) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(samples));
    buffer_first_ += static_cast<std::int64_t>(samples);
    detector_->rebase(static_cast<double>(samples));
}

void fsk_receiver::flush(soft_sink sink) {
    take(front_.drain(), sink);
    if (!tracking_) {
        advance(sink, true);
    }
    if (tracking_) {
        // Zeros until the last symbol's step, and the signal's judgement, are complete.
        end_of_samples_ = buffer_first_ + static_cast<std::int64_t>(buffer_.size());
        buffer_.insert(buffer_.end(),
                       detector_->reach() +
                           static_cast<std::size_t>(2.0 * fsk_step::symbols * samples_per_symbol_),
                       cf32{});
        while (tracking_ && detector_->end_sample() < static_cast<std::ptrdiff_t>(buffer_.size()) &&
               !pending_.full()) {
            follow(sink);
        }
        end_of_samples_ = std::numeric_limits<std::int64_t>::max();
    }
    double verdict = 0.0;
    const double sure = sure_metric * static_cast<double>(judged_steps);
    for (std::size_t i = 0; i < pending_.size(); ++i) {
        verdict += pending_[i].step.metric;
    }
    while (!pending_.empty() && (locked_ || verdict > sure)) {
        release(sink);
    }
    pending_.clear();
    if (front_.is_decimating()) {
        front_.retune(front_.mixed_hz());
    }
    buffer_.clear();
    buffer_first_ = 0;
    tracking_ = false;
    locked_ = false;
    restart_ = true;
    unsearched_ = 0;
}

receiver_report fsk_receiver::report() const {
    return sums_.complete(report_, locked_);
}

} // namespace landfall::dsp
