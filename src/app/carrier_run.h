// SPDX-License-Identifier: MIT
// One carrier of an offline run: its chain, its files, its place in the report.
#pragma once

#include "app/delivery_files.h"
#include "app/receive_chain.h"
#include "base/error.h"
#include "wire/iq_block.h"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace landfall::app {

class carrier_run {
  public:
    carrier_run(std::string name, const chain_config& config)
        : name_(std::move(name)), chain_(config) {}

    /// Empty: not written. `inputs` are never written to.
    base::result<void> open_files(const std::filesystem::path& frames,
                                  const std::filesystem::path& packets, const input_paths& inputs);

    /// Samples of a rate that cannot carry the mission are passed over, and told by `unfit`.
    base::result<void> push(const wire::iq_block& block);
    base::result<void> push_soft(std::span<const std::int8_t> soft);
    base::result<void> push_frame(base::octets frame);
    base::result<void> finish();

    void set_counters(const wire::iq_counters& counters) { counters_ = counters; }
    /// Whether any samples were of use.
    [[nodiscard]] bool fits() const noexcept { return fits_; }
    /// Why samples were passed over, the first time.
    [[nodiscard]] const std::optional<base::failure>& unfit() const noexcept { return unfit_; }
    [[nodiscard]] std::uint64_t unfit_samples() const noexcept { return unfit_samples_; }
    /// Files of an earlier run that `open_files` removed.
    [[nodiscard]] const std::vector<std::string>& removed() const noexcept { return removed_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const receive_chain& chain() const noexcept { return chain_; }

    /// The carrier's entry in the JSON report.
    [[nodiscard]] nlohmann::ordered_json report() const;
    /// The same for a person, several lines.
    [[nodiscard]] std::string summary() const;

  private:
    /// Calls `run(sinks)` with sinks that write the files, and returns what went wrong there.
    template <class Run>
    base::result<void> deliver(Run&& run);

    [[nodiscard]] std::optional<base::failure> why_unfit(double sample_rate_hz) const;

    std::string name_;
    receive_chain chain_;
    std::optional<frame_files> frames_;
    std::optional<packet_files> packets_;
    std::vector<std::string> removed_;
    wire::iq_counters counters_;
    std::optional<base::failure> unfit_;
    std::uint64_t unfit_samples_ = 0;
    bool fits_ = false;
    bool passed_over_ = false; ///< the block before
};

} // namespace landfall::app
