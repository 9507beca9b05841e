// SPDX-License-Identifier: MIT
#include "dsp/block_receiver.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace landfall::dsp {
namespace {

using base::cf32;
constexpr double two_pi = 2.0 * std::numbers::pi;

constexpr std::size_t piece = 65536;         // samples taken at once
constexpr std::size_t stride_symbols = 1920; // a signal is found within 2,000 symbols
constexpr std::size_t short_window_symbols = 4096;
constexpr std::size_t long_window_symbols = 16384;
constexpr std::size_t most_window_symbols = 32768;
constexpr double hint_reach_symbol_rates = 3.0;
constexpr double retune_symbol_rates = 1.5; // off the middle of a wide recording
constexpr std::size_t patient_strides = 32; // windows without a signal
constexpr std::size_t strides_at_leisure = 8;
constexpr std::size_t long_search_strides = 4;
constexpr double least_promise = 0.7;             // of a short window, to search a long one
constexpr std::size_t least_window_symbols = 512; // at the end of a recording
constexpr std::size_t judged_stretches = 8;       // the lock detector's memory
constexpr std::size_t patient_stretches = 8;      // of bad verdicts before lock is lost
// Doppler rates: of a 400 km orbit at 8.2 GHz with a margin; as the acquisition can resolve them.
constexpr double low_orbit_doppler_hz_s = 5000.0;
constexpr double rate_memory = 1.0 / 128.0; // of the reported Doppler rate, per stretch
constexpr double least_rate_range = 2e-7;   // cycles per symbol²
constexpr double most_rate_range = 3e-6;

/// Of a wide recording, that wait for the verdict on where the carrier is.
std::size_t most_raw_samples(const receiver_config& config) {
    return piece + static_cast<std::size_t>(short_window_symbols * config.sample_rate_hz /
                                            config.wave.symbol_rate_hz);
}

/// ± Hz around the middle that hold carriers behind the front end.
double widest_search(const receiver_config& config, const front_end& front) {
    const double rate = config.wave.symbol_rate_hz;
    const double sample_rate = config.sample_rate_hz / front.decimation();
    return std::max(0.5 * (sample_rate - (1.0 + config.wave.roll_off) * rate), 0.25 * rate);
}

acquisition_config acquisition_for(const receiver_config& config, const front_end& front) {
    const double rate = config.wave.symbol_rate_hz;
    const double sample_rate = config.sample_rate_hz / front.decimation();
    acquisition_config result;
    result.wave = config.wave;
    result.samples_per_symbol = sample_rate / rate;
    const double hint = front.mirrored() ? -config.frequency_hint_hz : config.frequency_hint_hz;
    result.frequency_hint = (hint - front.mixed_hz()) / sample_rate;
    const double widest = widest_search(config, front);
    const double range = config.search_range_hz > 0.0 ? config.search_range_hz : widest;
    result.search_range = std::min(range, widest) / sample_rate;
    const double doppler =
        config.max_doppler_rate_hz_s > 0.0 ? config.max_doppler_rate_hz_s : low_orbit_doppler_hz_s;
    result.max_frequency_rate =
        std::clamp(doppler / (rate * rate), least_rate_range, most_rate_range);
    return result;
}

} // namespace

block_receiver::block_receiver(const receiver_config& config)
    : config_(config), front_(config, most_raw_samples(config)),
      samples_per_symbol_(config.sample_rate_hz / front_.decimation() / config.wave.symbol_rate_hz),
      sample_rate_hz_(config.sample_rate_hz / front_.decimation()),
      acquisition_(acquisition_for(config, front_)),
      tracker_({.wave = config.wave, .samples_per_symbol = samples_per_symbol_}),
      spare_(most_pending) {
    const bool is_near = config.search_range_hz > 0.0 && // of the hint, which is in the middle
                         config.search_range_hz <= widest_search(config, front_);
    if (front_.is_decimating() && !is_near) {
        wide_.emplace(config.sample_rate_hz, config.wave.symbol_rate_hz);
        raw_.reserve(most_raw_samples(config));
    }
    // At leisure, what is too old is only forgotten every so many strides.
    constexpr std::size_t most_symbols =
        most_window_symbols + (strides_at_leisure + 2) * stride_symbols;
    buffer_.reserve(static_cast<std::size_t>(most_symbols * samples_per_symbol_) + piece);
    points_.reserve(stretch_symbols);
    for (stretch& one : spare_) {
        one.soft.reserve(bits_per_symbol(config.wave.kind) * stretch_symbols);
    }
    prepare_searches();
}

/// So that no later search takes memory: a signal's windows of every length, in steps in which the
/// transforms' powers of two leave none out.
void block_receiver::prepare_searches() {
    std::uint32_t dice = 1;
    std::vector<cf32> symbols(long_window_symbols + 2);
    for (cf32& one : symbols) {
        dice = 1664525U * dice + 1013904223U;
        one = {(dice >> 31U) != 0 ? 1.0F : -1.0F, ((dice >> 30U) & 1U) != 0 ? 1.0F : -1.0F};
    }
    // Straight lines between random symbols: quick to make, and enough of a signal.
    const double late = config_.wave.kind == modulation::oqpsk ? 0.5 : 0.0;
    const bool one_rail = config_.wave.kind == modulation::bpsk;
    const auto between = [&](double place) {
        const auto k = static_cast<std::size_t>(place);
        const auto part = static_cast<float>(place - static_cast<double>(k));
        return symbols[k] + part * (symbols[k + 1] - symbols[k]);
    };
    std::vector<cf32> signal(
        static_cast<std::size_t>(static_cast<double>(long_window_symbols) * samples_per_symbol_));
    for (std::size_t n = 0; n < signal.size(); ++n) {
        const double at = static_cast<double>(n) / samples_per_symbol_;
        signal[n] = {between(at + late).real(), one_rail ? 0.0F : between(at).imag()};
    }
    for (double length = least_window_symbols; length < std::numbers::sqrt2 * long_window_symbols;
         length *= std::numbers::sqrt2) {
        const double samples = std::min<double>(length, long_window_symbols) * samples_per_symbol_;
        acquisition_.prepare(std::span(signal).first(static_cast<std::size_t>(samples)));
    }
}

void block_receiver::push(std::span<const cf32> samples, soft_sink sink) {
    // Piece by piece, so that memory does not grow with the caller's blocks.
    for (std::size_t at = 0; at < samples.size(); at += piece) {
        const auto part = samples.subspan(at, std::min(piece, samples.size() - at));
        if (wide_ && (!tracking_ || !raw_.empty())) {
            raw_.insert(raw_.end(), part.begin(), part.end());
            const double stride =
                short_window_symbols * config_.sample_rate_hz / config_.wave.symbol_rate_hz;
            if (static_cast<double>(raw_.size()) >= stride) {
                take_wide(sink);
            }
        } else {
            raw_seen_ += std::ssize(part);
            take(front_.process(part), sink);
        }
    }
}

void block_receiver::take_wide(soft_sink sink) {
    const double rate = config_.wave.symbol_rate_hz;
    const double near_reach = config_.search_range_hz > 0.0 ? config_.search_range_hz
                              : config_.frequency_known     ? hint_reach_symbol_rates * rate
                                                            : 0.0;
    const auto strongest =
        tracking_ ? std::nullopt : wide_->strongest(raw_, config_.frequency_hint_hz, near_reach);
    const bool is_wanted =
        strongest && (config_.search_range_hz <= 0.0 ||
                      std::abs(*strongest - config_.frequency_hint_hz) <= near_reach + 0.5 * rate);
    if (is_wanted) {
        const double centre = front_.mirrored() ? -*strongest : *strongest;
        const double away = std::abs(centre - front_.mixed_hz());
        if (away > retune_symbol_rates * rate) {
            end_reception(sink);
            front_.retune(centre);
            origin_ = raw_seen_;
            buffer_first_ = 0;
        }
    }
    raw_seen_ += std::ssize(raw_);
    take(front_.process(raw_), sink);
    raw_.clear();
}

void block_receiver::take(std::span<const cf32> samples, soft_sink sink) {
    const auto stride = static_cast<std::size_t>(stride_symbols * samples_per_symbol_);
    while (!samples.empty()) {
        const std::size_t room =
            tracking_ ? samples.size() : stride - std::min(stride - 1, unsearched_);
        const auto now = samples.first(std::min(room, samples.size()));
        buffer_.append(now);
        unsearched_ += now.size();
        samples = samples.subspan(now.size());
        advance(sink, false);
    }
}

void block_receiver::advance(soft_sink sink, bool ending) {
    // The loops may move timing by less than a symbol meanwhile.
    constexpr std::size_t needed_symbols = stretch_symbols + 1;
    for (;;) {
        if (!tracking_ && !try_acquire(ending)) {
            return;
        }
        while (tracking_ && tracker_.end_sample(ending ? tracker_.next_symbols() : needed_symbols) <
                                static_cast<std::ptrdiff_t>(buffer_.size())) {
            track_stretch(sink);
        }
        if (tracking_) {
            return;
        }
    }
}

bool block_receiver::try_acquire(bool ending) {
    const auto samples_of = [&](std::size_t symbols) {
        return static_cast<std::size_t>(static_cast<double>(symbols) * samples_per_symbol_);
    };
    const std::size_t stride = samples_of(stride_symbols);
    // Stride by stride, also through what was buffered while lock was being lost.
    while (unsearched_ >= stride || (ending && unsearched_ > 0)) {
        unsearched_ -= std::min(unsearched_, stride);
        const std::size_t seen = buffer_.size() - unsearched_;
        const bool enough = seen >= stride || (ending && seen >= samples_of(least_window_symbols));
        // After a long silence only some windows are looked at; when there is a signal in one, the
        // ones before it are looked at as well.
        ++silent_strides_;
        const bool patient = silent_strides_ > patient_strides && !ending;
        if (patient && silent_strides_ % strides_at_leisure != 0) {
            continue;
        }
        const std::size_t skipped = patient ? strides_at_leisure - 1 : 0;
        const bool short_too =
            ending ? enough : seen >= 2 * stride && (patient || silent_strides_ % 2 == 0);
        const bool long_too = seen >= samples_of(long_window_symbols) &&
                              (patient || silent_strides_ % long_search_strides == 0);
        const bool quick = enough && !patient && acquire_in(stride_symbols, seen);
        if (quick && seen > stride) { // the signal may have begun before
            acquire_in(short_window_symbols, seen);
        }
        if (quick || (short_too && acquire_in(short_window_symbols, seen)) ||
            (long_too && acquisition_.promise() > least_promise &&
             acquire_in(long_window_symbols, seen))) {
            for (std::size_t back = std::min(skipped, seen / stride - 1); back > 0; --back) {
                if (acquire_in(short_window_symbols, seen - back * stride)) {
                    break;
                }
            }
            ++report_.acquisitions;
            silent_strides_ = 0;
            return true;
        }
        const std::size_t most = samples_of(most_window_symbols);
        if (seen >= most) {
            forget(seen - most / 2);
        }
    }
    return false;
}

bool block_receiver::acquire_in(std::size_t window_symbols, std::size_t seen) {
    const auto length = std::min(
        seen, static_cast<std::size_t>(static_cast<double>(window_symbols) * samples_per_symbol_));
    const std::size_t first = seen - length;
    auto found = acquisition_.search(buffer_.view().subspan(first, length));
    if (!found) {
        return false;
    }
    found->state.position += static_cast<double>(first);
    tracker_.start(found->state, found->rail_amplitude, found->rail_power);
    tracking_ = true;
    restart_ = true;
    bad_stretches_ = 0;
    return true;
}

void block_receiver::track_stretch(soft_sink sink) {
    stretch next;
    if (!spare_.empty()) {
        next = std::move(spare_.back());
        spare_.pop_back();
    }
    const std::size_t bits = bits_per_symbol(config_.wave.kind);
    next.soft.resize(bits * stretch_symbols);
    next.error_power = 0.0;
    next.first = tracker_.state().advanced(-static_cast<double>(tracker_.delay_symbols()));
    next.first.position += static_cast<double>(buffer_first_);
    double wanted = 0.0;
    double power = 0.0;
    std::size_t symbols = 0;
    points_.resize(stretch_symbols);
    while (symbols < stretch_symbols) {
        if (tracker_.end_sample(tracker_.next_symbols()) >=
            static_cast<std::ptrdiff_t>(buffer_.size())) {
            break; // at the end of the stream only
        }
        const tracker::block block =
            tracker_.step(buffer_.view(), &next.soft[bits * symbols], &points_[symbols]);
        wanted += block.lock_wanted;
        power += block.lock_power;
        next.error_power += block.error_power;
        symbols += block.symbols;
    }
    next.soft.resize(bits * symbols);
    points_.resize(symbols);
    // Behind the last sample there are no symbols, only the tails that complete them.
    const double past = next.first.position + static_cast<double>(symbols) * next.first.step -
                        static_cast<double>(end_of_samples_);
    if (past > 0.0) {
        const auto beyond = static_cast<std::size_t>(past / next.first.step);
        next.soft.resize(next.soft.size() - std::min(next.soft.size(), beyond * bits));
        if (!pending_.empty()) { // zeros are far from any point
            next.error_power = pending_.back().error_power * static_cast<double>(next.soft.size()) /
                               static_cast<double>(bits * stretch_symbols);
        }
    }
    next.metric = tracker_.lock_metric(wanted, power, symbols) - tracker_.lock_threshold();
    next.es_n0 = past > 0.0 && !pending_.empty() ? pending_.back().es_n0 : tracker_.es_n0();
    pending_.push_back(std::move(next));
    judge(sink);
}

void block_receiver::judge(soft_sink sink) {
    double verdict = 0.0;
    const std::size_t judged = std::min(judged_stretches, pending_.size());
    for (std::size_t i = pending_.size() - judged; i < pending_.size(); ++i) {
        verdict += pending_[i].metric;
    }
    if (verdict > 0.0) {
        bad_stretches_ = 0;
        locked_ = true;
        while (pending_.size() > judged_stretches) {
            release(sink);
        }
    } else if (++bad_stretches_ >= patient_stretches) {
        lose(sink);
        return;
    }
    // Kept: what the oldest unreleased stretch's filter reaches back to.
    const double oldest =
        pending_.empty() ? tracker_.state().position
                         : pending_.front().first.position - static_cast<double>(buffer_first_);
    const auto reach = static_cast<double>(tracker_.reach() + 2);
    forget(static_cast<std::size_t>(std::max(0.0, oldest - reach)));
}

void block_receiver::release(soft_sink sink) {
    stretch done = std::move(pending_.front());
    pending_.pop_front();
    note(done);
    const double place = done.first.position * front_.decimation() + static_cast<double>(origin_);
    const double whole = std::floor(place);
    sink({.soft = done.soft,
          .first = {static_cast<std::int64_t>(whole), place - whole},
          .samples_per_symbol = done.first.step * front_.decimation(),
          .restart = restart_});
    restart_ = false;
    spare_.push_back(std::move(done));
}

void block_receiver::lose(soft_sink sink) {
    // The change point: up to where the metrics spoke for a signal.
    double sum = 0.0;
    double highest = 0.0;
    std::size_t good = 0;
    for (std::size_t i = 0; i < pending_.size(); ++i) {
        sum += pending_[i].metric;
        if (sum > highest) {
            highest = sum;
            good = i + 1;
        }
    }
    for (std::size_t i = 0; i < std::min(good, pending_.size() - 1); ++i) {
        release(sink);
    }
    // What never was a signal is not sought in again.
    const std::size_t wasted = good == 0 ? pending_.size() / 2 : 0;
    for (std::size_t i = 0; i < wasted; ++i, pending_.pop_front()) {
        spare_.push_back(std::move(pending_.front()));
    }
    const double place = pending_.front().first.position - static_cast<double>(buffer_first_ + 2) -
                         static_cast<double>(tracker_.reach());
    for (; !pending_.empty(); pending_.pop_front()) {
        spare_.push_back(std::move(pending_.front()));
    }
    forget(static_cast<std::size_t>(std::max(0.0, place)));
    tracking_ = false;
    locked_ = false;
    restart_ = true;
    unsearched_ = buffer_.size();
    ++report_.losses;
}

void block_receiver::forget(std::size_t samples) {
    buffer_.drop(samples);
    buffer_first_ += static_cast<std::int64_t>(samples);
    tracker_.rebase(samples);
}

void block_receiver::note(const stretch& done) {
    const std::size_t bits = bits_per_symbol(config_.wave.kind);
    const auto symbols = static_cast<double>(done.soft.size() / bits);
    report_.locked_symbols += done.soft.size() / bits;
    sums_.error += done.error_power / static_cast<double>(std::min<std::size_t>(bits, 2));
    sums_.noise += symbols / done.es_n0;
    sums_.rate_error += symbols * (samples_per_symbol_ / done.first.step - 1.0);
    const double sign = front_.mirrored() ? -1.0 : 1.0;
    report_.frequency_offset_hz =
        sign * (done.first.frequency / two_pi * sample_rate_hz_ + front_.mixed_hz());
    const double rate =
        sign * done.first.frequency_rate / two_pi * sample_rate_hz_ * sample_rate_hz_;
    report_.doppler_rate_hz_s += rate_memory * (rate - report_.doppler_rate_hz_s);
    report_.es_n0_db = 10.0 * std::log10(std::max(done.es_n0, 1e-3));
}

void block_receiver::flush(soft_sink sink) {
    if (wide_ && !raw_.empty()) {
        take_wide(sink);
    }
    end_reception(sink);
    if (front_.is_decimating()) {
        front_.retune(front_.mixed_hz());
    }
    raw_seen_ = origin_ = buffer_first_ = 0;
    silent_strides_ = 0;
}

void block_receiver::end_reception(soft_sink sink) {
    take(front_.drain(), sink);
    // The last symbols' pulses reach beyond the end.
    const std::size_t beyond =
        tracker_.reach() +
        static_cast<std::size_t>(2.0 * static_cast<double>(tracker::most_block_symbols) *
                                 samples_per_symbol_);
    if (!tracking_) {
        advance(sink, true);
    }
    if (tracking_) {
        end_of_samples_ = buffer_first_ + static_cast<std::int64_t>(buffer_.size());
        buffer_.append_zeros(beyond);
        advance(sink, true);
        end_of_samples_ = std::numeric_limits<std::int64_t>::max();
    }
    while (!pending_.empty()) {
        release(sink);
    }
    buffer_first_ += static_cast<std::int64_t>(buffer_.size());
    buffer_.clear();
    tracking_ = false;
    locked_ = false;
    restart_ = true;
    unsearched_ = 0;
}

receiver_report block_receiver::report() const {
    return sums_.complete(report_, locked_);
}

} // namespace landfall::dsp
