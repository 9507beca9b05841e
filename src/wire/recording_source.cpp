// SPDX-License-Identifier: MIT
#include "wire/recording_source.h"

#include <algorithm>
#include <cmath>

namespace landfall::wire {

namespace {

constexpr double segment_time_tolerance_s = 2e-3; // many recorders write milliseconds

class recording_source final : public iq_source {
  public:
    recording_source(recording description, std::unique_ptr<sample_reader> reader)
        : description_(std::move(description)), reader_(std::move(reader)),
          fm_audio_(description_.fm_audio && !reader_->is_complex()),
          real_(!reader_->is_complex() && !fm_audio_),
          rate_hz_(description_.sample_rate_hz / (real_ ? 2.0 : 1.0)),
          converter_(2 * description_.block_samples) {
        if (!reader_->is_complex()) {
            real_buffer_.resize((real_ ? 2 : 1) * description_.block_samples);
        }
        if (!real_) {
            complex_buffer_.resize(description_.block_samples);
        }
        const recording_segment& first = description_.segments.front();
        info_ = {description_.name, description_.format, rate_hz_, center_of(first), first.time};
    }

    base::result<bool> next(iq_block& block) override {
        if (waiting_.empty() && !fill()) {
            if (!fault_told_) {
                fault_told_ = true;
                if (auto fault = reader_->fault()) {
                    return std::unexpected(*std::move(fault));
                }
            }
            return false;
        }
        block = {};
        enter_segment(block);
        const std::uint64_t left = segment_end() - position_;
        const std::size_t count = std::min<std::uint64_t>(waiting_.size(), left);
        block.samples = waiting_.first(count);
        block.time = time_at(position_);
        block.has_time = segment_time_.has_value();
        block.sample_rate_hz = rate_hz_;
        block.center_frequency_hz = center_of(description_.segments[segment_]);
        block.fm_audio = fm_audio_;
        waiting_ = waiting_.subspan(count);
        position_ += count;
        counters_.samples += count;
        return true;
    }

    [[nodiscard]] double progress() const override {
        const double total = seconds_total();
        return total > 0 ? std::min(1.0, static_cast<double>(position_) / rate_hz_ / total) : 0.0;
    }
    [[nodiscard]] double seconds_total() const override {
        return static_cast<double>(reader_->total()) / description_.sample_rate_hz;
    }
    [[nodiscard]] const source_info& info() const override { return info_; }
    [[nodiscard]] iq_counters counters() const override { return counters_; }
    [[nodiscard]] iq_counters counters(std::uint32_t) const override { return counters_; }

  private:
    [[nodiscard]] double center_of(const recording_segment& segment) const {
        return segment.center_frequency_hz + (real_ ? description_.sample_rate_hz / 4 : 0.0);
    }

    /// Where a segment begins, counted in samples yielded.
    [[nodiscard]] std::uint64_t begin_of(const recording_segment& segment) const {
        return real_ ? segment.first_sample / 2 + segment.first_sample % 2 : segment.first_sample;
    }

    [[nodiscard]] std::uint64_t segment_end() const {
        return segment_ + 1 < description_.segments.size()
                   ? begin_of(description_.segments[segment_ + 1])
                   : UINT64_MAX;
    }

    [[nodiscard]] base::timestamp time_at(std::uint64_t position) const {
        const double rate = rate_hz_;
        const std::uint64_t since = position - segment_begin_;
        const double seconds = std::floor(static_cast<double>(since) / rate);
        // The whole seconds apart from the rest: exact for days.
        const double rest = std::fma(-seconds, rate, static_cast<double>(since)) / rate;
        return segment_time_.value_or(base::timestamp{})
            .plus_picoseconds(static_cast<std::int64_t>(seconds),
                              static_cast<std::int64_t>(std::llround(rest * 1e12)));
    }

    void enter_segment(iq_block& block) {
        while (position_ >= segment_end()) {
            const double before_hz = description_.segments[segment_].center_frequency_hz;
            const recording_segment& entered = description_.segments[++segment_];
            block.context_changed = before_hz != entered.center_frequency_hz;
            const base::timestamp expected = time_at(position_);
            if (entered.time) {
                const double jump_s = entered.time->seconds_since(expected);
                block.discontinuity =
                    segment_time_.has_value() && std::abs(jump_s) > segment_time_tolerance_s;
                segment_time_ = entered.time;
                segment_begin_ = begin_of(entered);
            }
            counters_.discontinuities += block.discontinuity ? 1U : 0U;
        }
        if (position_ == 0) {
            segment_time_ = description_.segments[segment_].time;
        }
    }

    bool fill() {
        if (real_) {
            return fill_real();
        }
        if (fm_audio_) {
            return fill_audio();
        }
        const decoded_samples read = reader_->read_complex(complex_buffer_);
        counters_.non_finite_samples += read.non_finite;
        waiting_ = std::span(complex_buffer_).first(read.count);
        return !waiting_.empty();
    }

    bool fill_real() {
        while (waiting_.empty() && !flushed_) {
            const decoded_samples read = reader_->read_real(real_buffer_);
            counters_.non_finite_samples += read.non_finite;
            flushed_ = read.count == 0;
            waiting_ = flushed_ ? converter_.flush()
                                : converter_.process(std::span(real_buffer_).first(read.count));
        }
        return !waiting_.empty();
    }

    bool fill_audio() {
        const decoded_samples read = reader_->read_real(real_buffer_);
        counters_.non_finite_samples += read.non_finite;
        std::copy_n(real_buffer_.begin(), read.count, complex_buffer_.begin());
        waiting_ = std::span(complex_buffer_).first(read.count);
        return !waiting_.empty();
    }

    recording description_;
    std::unique_ptr<sample_reader> reader_;
    bool fm_audio_;
    bool real_; ///< and is made complex
    double rate_hz_;
    source_info info_;
    iq_counters counters_;

    std::vector<base::cf32> complex_buffer_;
    std::vector<float> real_buffer_;
    analytic_converter converter_;
    bool flushed_ = false;
    bool fault_told_ = false;
    std::span<const base::cf32> waiting_; // read, not yet yielded
    std::uint64_t position_ = 0;          // of the first of them
    std::size_t segment_ = 0;
    std::uint64_t segment_begin_ = 0; // what segment_time_ is the time of
    std::optional<base::timestamp> segment_time_;
};

} // namespace

std::unique_ptr<iq_source> make_recording_source(recording description,
                                                 std::unique_ptr<sample_reader> reader) {
    if (description.segments.empty()) {
        description.segments.emplace_back();
    }
    description.block_samples = std::max<std::size_t>(description.block_samples, 1);
    return std::make_unique<recording_source>(std::move(description), std::move(reader));
}

} // namespace landfall::wire
