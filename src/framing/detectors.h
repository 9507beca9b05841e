// SPDX-License-Identifier: MIT
// What a carrier's frames show of how they are made: version, error control fields.
#pragma once

#include "framing/frame.h"
#include "framing/parameters.h"

#include <expected>
#include <optional>

namespace landfall::framing {

/// Whether frames end in a frame error control field, and how long it is.
///
/// `automatic`: the first frame whose field fits decides for it, four frames that do not fit decide
/// against. A decision by chance is undone: against by three frames in a row that fit, for by eight
/// frames in a row that do not fit although an outer code vouches for them.
class fecf_detector {
  public:
    explicit fecf_detector(error_control control, frame_format format) noexcept;

    /// What a frame's field is, and whether it fits. Advances the decision.
    struct verdict {
        bool fits = false;
        std::size_t octets = 0; ///< 2 or 4, when it fits
    };
    verdict observe(base::octets frame, bool checked) noexcept;

    /// Empty while undecided.
    [[nodiscard]] std::optional<std::size_t> octets() const noexcept { return octets_; }

  private:
    [[nodiscard]] verdict examine(base::octets frame) const noexcept;

    bool automatic_;
    bool may_be_32_;
    std::optional<std::size_t> octets_;
    unsigned misses_ = 0;
    unsigned fits_in_a_row_ = 0;
};

/// Which of TM, AOS and USLP a frame is, by version number and by the frames before it.
class version_detector {
  public:
    explicit version_detector(frame_format format) noexcept : format_(format) {}

    /// `trusted`: the frame's octets are known to be right. An untrusted frame of another version
    /// than those before is refused, until three in a row agree.
    /// Errors: too_short, wrong_version, unlikely_version.
    std::expected<frame_format, frame_error> observe(base::octets frame, bool trusted) noexcept;

  private:
    frame_format format_;
    frame_format usual_ = frame_format::none;
    unsigned agreeing_ = 0; ///< frames of the usual version, until it is established
    frame_format other_ = frame_format::none;
    unsigned others_in_a_row_ = 0;
};

/// Whether AOS headers carry header error control; used as soon as it fits more often than not.
class header_control_detector {
  public:
    explicit header_control_detector(error_control control) noexcept : control_(control) {}
    bool observe(base::octets aos_frame) noexcept;

  private:
    error_control control_;
    int score_ = 0;
};

} // namespace landfall::framing
