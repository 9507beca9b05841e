// SPDX-License-Identifier: MIT
// Which frames and packets of a carrier a route selects.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace landfall::delivery {

/// An empty list selects everything. Takes its memory at start.
class selection {
  public:
    selection() = default;
    selection(const std::vector<std::uint8_t>& vcid, std::vector<std::uint16_t> spacecraft_id,
              std::vector<std::uint16_t> apid)
        : spacecraft_id_(std::move(spacecraft_id)), apid_(std::move(apid)) {
        std::ranges::sort(spacecraft_id_);
        std::ranges::sort(apid_);
        if (!vcid.empty()) {
            vcids_ = 0;
            for (const std::uint8_t one : vcid) {
                vcids_ |= one < vcid_count ? std::uint64_t{1} << one : 0;
            }
        }
    }

    [[nodiscard]] bool has(std::uint16_t spacecraft, std::uint8_t vcid) const noexcept {
        return vcid < vcid_count && (vcids_ >> vcid & 1U) != 0 && among(spacecraft_id_, spacecraft);
    }
    [[nodiscard]] bool has_apid(std::uint16_t apid) const noexcept { return among(apid_, apid); }

  private:
    static constexpr unsigned vcid_count = 64;

    static bool among(const std::vector<std::uint16_t>& sorted, std::uint16_t value) noexcept {
        return sorted.empty() || std::ranges::binary_search(sorted, value);
    }

    std::uint64_t vcids_ = ~std::uint64_t{0}; ///< a bit each
    std::vector<std::uint16_t> spacecraft_id_;
    std::vector<std::uint16_t> apid_;
};

} // namespace landfall::delivery
