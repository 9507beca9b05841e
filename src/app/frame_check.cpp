// SPDX-License-Identifier: MIT
#include "app/frame_check.h"

#include <algorithm>

namespace landfall::app {

void frame_check::sent(base::octets frame) {
    const std::lock_guard lock(mutex_);
    expected_.emplace_back(frame.begin(), frame.end());
    ++counts_.sent;
}

void frame_check::arrived(base::octets frame) {
    const std::lock_guard lock(mutex_);
    const auto match = std::find_if(expected_.begin(), expected_.end(), [&](const auto& one) {
        return std::equal(one.begin(), one.end(), frame.begin(), frame.end());
    });
    if (match == expected_.end()) {
        ++counts_.wrong;
        return;
    }
    counts_.missing += static_cast<std::uint64_t>(match - expected_.begin());
    expected_.erase(expected_.begin(), match + 1);
    ++counts_.right;
}

void frame_check::end() {
    const std::lock_guard lock(mutex_);
    counts_.missing += expected_.size();
    expected_.clear();
}

frame_check::counts frame_check::now() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

} // namespace landfall::app
