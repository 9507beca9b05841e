// SPDX-License-Identifier: MIT
#include "framing/detectors.h"

#include "framing/aos.h"

#include <algorithm>

namespace landfall::framing {

namespace {

constexpr unsigned misses_that_decide = 4;
constexpr unsigned misses_that_undo = 8;
constexpr unsigned fits_that_undo = 3;
constexpr unsigned frames_that_establish = 3;
constexpr int highest_score = 8;

} // namespace

fecf_detector::fecf_detector(error_control control, frame_format format) noexcept
    : automatic_(control == error_control::automatic),
      may_be_32_(format == frame_format::automatic || format == frame_format::uslp) {
    if (control == error_control::present) {
        octets_ = 2;
    } else if (control == error_control::absent) {
        octets_ = 0;
    }
}

fecf_detector::verdict fecf_detector::examine(base::octets frame) const noexcept {
    if (fecf16_fits(frame)) {
        return {true, 2};
    }
    if (may_be_32_ && !frame.empty() && frame[0] >> 4U == 0b1100 && fecf32_fits(frame)) {
        return {true, 4};
    }
    return {};
}

fecf_detector::verdict fecf_detector::observe(base::octets frame, bool checked) noexcept {
    if (octets_ == 0U && !automatic_) {
        return {};
    }
    const verdict found = examine(frame);
    const bool was_present = octets_.value_or(0) != 0;
    if (found.fits) {
        misses_ = 0;
        ++fits_in_a_row_;
        if (octets_ != 0U || fits_in_a_row_ >= fits_that_undo) {
            octets_ = found.octets;
        }
        return found;
    }
    fits_in_a_row_ = 0;
    if (automatic_ && (!was_present || checked)) {
        ++misses_;
        if (misses_ >= (was_present ? misses_that_undo : misses_that_decide)) {
            octets_ = 0;
            misses_ = 0;
        }
    }
    return found;
}

std::expected<frame_format, frame_error> version_detector::observe(base::octets frame,
                                                                   bool trusted) noexcept {
    if (frame.empty()) {
        return std::unexpected(frame_error::too_short);
    }
    frame_format format = frame_format::none;
    switch (frame[0] >> 6U) {
    case 0:
        format = frame_format::tm;
        break;
    case 1:
        format = frame_format::aos;
        break;
    case 3:
        format = frame[0] >> 4U == 0b1100 ? frame_format::uslp : frame_format::none;
        break;
    default:
        break;
    }
    if (format == frame_format::none || (format_ != frame_format::automatic && format != format_)) {
        return std::unexpected(frame_error::wrong_version);
    }
    if (format == usual_ || usual_ == frame_format::none || agreeing_ < frames_that_establish) {
        agreeing_ = format == usual_ ? std::min(agreeing_ + 1, frames_that_establish) : 1;
        usual_ = format;
        others_in_a_row_ = 0;
        return format;
    }
    others_in_a_row_ = format == other_ ? others_in_a_row_ + 1 : 1;
    other_ = format;
    if (others_in_a_row_ >= frames_that_establish) {
        usual_ = format;
        others_in_a_row_ = 0;
        return format;
    }
    if (!trusted) {
        return std::unexpected(frame_error::unlikely_version);
    }
    return format;
}

bool header_control_detector::observe(base::octets aos_frame) noexcept {
    if (control_ != error_control::automatic) {
        return control_ == error_control::present;
    }
    constexpr std::size_t octets = aos_header_octets + aos_header_error_control_octets;
    if (aos_frame.size() < octets) {
        return false;
    }
    const std::uint16_t sent = base::byte_reader(aos_frame.subspan(aos_header_octets)).u16();
    const bool fits = aos_header_error_control(aos_frame) == sent;
    score_ = std::clamp(score_ + (fits ? 1 : -1), -highest_score, highest_score);
    return score_ > 0;
}

} // namespace landfall::framing
