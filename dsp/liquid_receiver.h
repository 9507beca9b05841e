// SPDX-License-Identifier: MIT
// The reference engine: liquid-dsp's own objects composed.
#pragma once

#include "dsp/front_end.h"
#include "dsp/receiver.h"

#include <memory>

namespace landfall::dsp {

/// agc, msresamp, symsync and nco of liquid-dsp, for BPSK and QPSK. The coarse frequency comes from
/// the same acquisition as the block engine's; its loops pull in while symbols pass, and it has no
/// lock detector of its own: soft bits flow from the acquisition on.
class liquid_receiver final : public receiver {
  public:
    explicit liquid_receiver(const receiver_config& config);
    ~liquid_receiver() override;

    void push(std::span<const base::cf32> samples, soft_sink sink) override;
    void flush(soft_sink sink) override;
    [[nodiscard]] receiver_report report() const override;
    [[nodiscard]] std::span<const base::cf32> constellation() const override;

  private:
    struct engine_state;
    std::unique_ptr<engine_state> state_;
};

} // namespace landfall::dsp
