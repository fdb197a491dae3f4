"""Firmware that writes code into RAM and runs it: each store into code counts, however the page was used before."""

SETUP = """
entry start
 ldr r8, =0x20005000
 movs r0, #0
 str r0, [r8]
 str r0, [r8, #64]
 str r0, [r8, #128]
"""
PUT = """
@ Two functions that return r0 and r1, at 0x20005001 and 0x20005041: MOVS r0, #n and BX lr.
put_code: ldr r2, =0x47702000
 orr r0, r2
 orr r1, r2
 str r0, [r8]
 str r1, [r8, #64]
 dsb
 isb
 bx lr
call_both: push {r4, lr}
 orr r4, r8, #1
 blx r4
 log r0
 add r4, #64
 blx r4
 log r0
 pop {r4, pc}
 .ltorg
"""
TWICE = """
 movs r0, #{a}
 movs r1, #{b}
 {change}
 bl call_both
 str r3, [r8, #128]
"""


def rounds(change: str) -> str:
    return "".join(TWICE.format(a=2 * n, b=2 * n + 1, change=change) for n in range(1, 6))


def test_code_in_a_page_that_held_data(board):
    one = board(SETUP + rounds("bl put_code") + " done\n" + PUT).run(50_000)
    assert one.log() == list(range(2, 12))


def test_code_of_a_thread_that_a_handler_changes(board):
    """Privileged and other accesses have their own pages in Unicorn: data pages for the one, code for the other."""
    handler = "entry svc\n mrs r2, psp\n ldmia r2, {r0, r1}\n push {r4, lr}\n str r0, [r8, #128]\n"
    handler += " bl put_code\n pop {r4, pc}\n"
    source = SETUP + " user 0x20004000\n" + rounds("svc #0") + " done\n" + handler + PUT
    one = board(source).run(50_000)
    assert one.log() == list(range(2, 12))


def test_stores_into_the_page_of_the_code_that_makes_them(board):
    source = """
entry start
 ldr r8, =0x20005000
 adr r0, body
 movs r1, #14
 mov r3, r8
1: ldr r2, [r0], #4
 str r2, [r3], #4
 subs r1, #1
 bne 1b
 orr r0, r8, #1
 blx r0
 done
 .ltorg
 .balign 4
body: push {r4, lr}
 movs r4, #5
2: ldrh r2, [r8, #48]
 add r2, #1
 strh r2, [r8, #48]
 dsb
 isb
 add r3, r8, #49
 blx r3
 lsl r5, #4
 orr r5, r0
 subs r4, #1
 bne 2b
 pop {r4, pc}
 .balign 4
 .org body + 48
 movs r0, #0
 bx lr
"""
    assert board(source).run(50_000).reg("r5") == 0x12345


def test_stores_beside_code_do_not_disturb_it(board):
    one = board(SETUP + " movs r0, #7\n movs r1, #8\n bl put_code\n movs r5, #200\n"
                "1: bl call_both\n str r5, [r8, #132]\n subs r5, #1\n bne 1b\n done\n" + PUT).run(200_000)  # fmt: skip
    assert one.log() == [7, 8] * 200
