"""A Renode in Python: the members of `Runtime` that the engine uses, over one memory, one UART and one LED."""

from __future__ import annotations

from types import SimpleNamespace

from wattbench.core.errors import FirmwareFileError, MonitorError, UsageError
from wattbench.engines.renode.log import Log

MIPS = 100


class FakeUart:
    BaudRate, ParityBit, StopBits = 115200, "None", "One"

    def __init__(self):
        self.received, self.listeners = bytearray(), []

    def WriteChar(self, character):
        self.received.append(character)


class FakeLed:
    State = False

    def __init__(self):
        self.listeners = []


class FakeRuntime:
    """`program` is a list of (ns, action); `asleep` says whether the core does nothing in between."""

    def __init__(self, program=(), *, asleep=True):
        self.program, self.asleep = list(program), asleep
        self.log, self.uses, self.quantum_ns, self.before_run = Log(), None, 100_000, lambda: None
        self.uart, self.led = FakeUart(), FakeLed()
        self.ram = bytearray(64)
        self.commands, self.calls = [], []
        self.has_machine = self.is_started = self.stopping = False
        self.now_ns = self.instructions = 0
        self.locked_up = None
        self.saved = None

    # Emulation and Monitor

    @property
    def prompt(self):
        return "(fake) "

    def clear(self):
        self.calls.append("clear")

    def set_quantum(self, quantum_ns):
        self.quantum_ns = quantum_ns

    def execute(self, command):
        self.commands.append(command)
        if command == "bad":
            raise MonitorError("bad is no command")
        if command == "mach create":
            self.has_machine = True
        if command == "start":
            self.is_started = True
        return f"[{command}]\n"

    def run_script(self, path):
        self.has_machine = True
        return self.execute(f"script {path}")

    def pause(self):
        self.is_started = False

    # Running

    def run_for(self, duration_ns):
        self.before_run()
        end_ns, self.stopping = self.now_ns + duration_ns, False
        while self.program and self.program[0][0] <= end_ns and not self.stopping:
            self.now_ns, action = self.program.pop(0)
            action(self)
        if self.stopping:
            end_ns = min(-(-self.now_ns // self.quantum_ns) * self.quantum_ns, end_ns)
        self.now_ns = end_ns
        self.instructions += 0 if self.asleep else duration_ns * MIPS // 1000
        return self.stopping

    def request_stop(self):
        self.stopping = True

    def exact_now_ns(self):
        return self.now_ns

    def schedule(self, delay_ns, action):
        self.program.append((self.now_ns + delay_ns, lambda runtime: action()))
        self.program.sort(key=lambda entry: entry[0])

    def cpus(self):
        return [SimpleNamespace(name="cpu")]

    def lockup(self):
        return self.locked_up

    def pc(self):
        return 0x40

    def executed_instructions(self):
        return [(self.instructions, MIPS)]

    def halt(self, halted):
        self.calls.append(f"halt {halted}")

    def reset(self):
        self.calls.append("reset")

    # Memory and wires

    def read(self, address, size):
        return bytes(self.ram[address : address + size])

    def write(self, address, data):
        self.ram[address : address + len(data)] = data

    def memories(self):
        return ["flash", "ram"]

    def is_volatile(self, name):
        return name == "ram"

    def memory(self, name):
        return bytes(self.ram) if name == "ram" else b"flash"

    def clear_memory(self, name):
        self.calls.append(f"clear {name}")

    def symbol(self, name):
        if name != "main":
            raise FirmwareFileError(f"the loaded firmware has no symbol `{name}`")
        return 0x40

    def names_of(self, interface):
        return {"IUART": ["uart1"], "ILed": ["led1"]}[interface]

    def find(self, name):
        parts = {"uart1": self.uart, "led1": self.led, "nvic": SimpleNamespace()}
        if name.rpartition(".")[2] not in parts:
            raise UsageError(f"the platform has no `{name}`; it has {', '.join(parts)}")
        return parts[name.rpartition(".")[2]]

    def listen_uart(self, uart, listener):
        uart.listeners.append(listener)

    def listen_led(self, led, listener):
        led.listeners.append(listener)

    def save(self, path):
        path.write_bytes(bytes(self.ram))
        self.saved = self.now_ns

    def load(self, path):
        self.ram[:] = path.read_bytes()
        self.now_ns, self.uart, self.led = self.saved, FakeUart(), FakeLed()

    # What programs do

    def sends(self, character):
        for listener in self.uart.listeners:
            listener(character)

    def shines(self, level):
        self.led.State = level
        for listener in self.led.listeners:
            listener(level)
